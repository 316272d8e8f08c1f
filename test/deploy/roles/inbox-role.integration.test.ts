import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import { createLogger } from '../../../src/core/log.ts';
import { assertSchemaCurrent } from '../../../src/db/schema-version.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { createDispatcher } from '../../../src/dispatcher.ts';
import { consumedEvents } from '../../../src/inbox/consumed-events.ts';
import { createHandler, type Fate } from '../../../src/inbox/handling/handler.ts';
import { openWaiting } from '../../../src/inbox/handling/waiting.ts';
import { countWaiting } from '../../../src/inbox/monitoring/waiting-rows.ts';
import { runInboxRetention } from '../../../src/inbox/retention/inbox-retention.ts';
import { findOverdueOrders } from '../../../src/orders/find-overdue-orders.ts';
import { receptors } from '../../../src/receptors/registry.ts';
import { insertManyOrders } from '../../support/many-orders.ts';
import { receivedMessage } from '../../support/received-message.ts';
import { until } from '../../support/until.ts';
import { DENIED, documentedRoles } from './documented-roles.ts';

const roles = documentedRoles();

const CONSUMER = 'payments/order-service';
const NEVER = AbortSignal.any([]);
const log = createLogger({ level: 'silent', service: 'test' });
const orderId = (n: number) => n.toString(16).padStart(32, '0');

test('the role of the inbox handles every event, holds what it cannot, retries and drops it', async () => {
  await insertManyOrders(roles.admin, 5);
  await roles.admin.query("UPDATE orders SET status = 'Pending'");
  const pool = roles.inbox;
  const dispatcher = createDispatcher({
    connections: { writing: pool, changing: () => pool },
    receptors,
    now: () => new Date(),
    newId: randomUUIDv7,
  });
  const fates: Fate[] = [];
  const observer = {
    became: (_consumer: string, _message: unknown, fate: Fate) => fates.push(fate),
    failed: () => undefined,
  };
  const consumers = [{ name: CONSUMER, onFailure: 'hold' }] as const;
  const deps = { dispatcher, events: consumedEvents, connections: pool, log };
  const handle = createHandler({ ...deps, consumers, observer, random: () => 0 });
  const bodies: Record<string, object> = {
    InventoryInsufficient: { items: [{ productId: 'p', requested: 2, available: 1 }] },
    InventoryReleased: { reason: 'Payment declined' },
    PaymentProcessed: { paymentId: 'pay-1', amount: 1 },
    PaymentFailed: { reason: 'Card declined' },
    ShipmentCreated: { shipmentId: 'ship-1' },
  };

  await assertSchemaCurrent(pool);
  for (const [n, type] of Object.keys(consumedEvents).entries()) {
    const body = Buffer.from(JSON.stringify({ orderId: orderId(n + 1), ...bodies[type] }));
    await handle(CONSUMER, receivedMessage({ type, body, aggregateId: orderId(n + 1) }), NEVER);
  }
  for (const messageId of ['held', 'held-too']) {
    const body = Buffer.from(JSON.stringify({ orderId: orderId(99), ...bodies['PaymentFailed'] }));
    await handle(
      CONSUMER,
      receivedMessage({ messageId, type: 'PaymentFailed', body, aggregateId: 'o99' }),
      NEVER,
    );
  }
  await inTransaction(pool, (db) => findOverdueOrders(db, 60_000, 10));
  const waiting = openWaiting(deps);
  const retried = await waiting.retry(CONSUMER, 'held');
  await waiting.drop(CONSUMER, ['held'], 'unwanted');

  assert.deepEqual(fates, ['handled', 'handled', 'handled', 'handled', 'handled', 'held', 'held']);
  assert.equal(retried.failed?.messageId, 'held');
  assert.deepEqual([...(await countWaiting(pool))], [[CONSUMER, 1]]);
});

test('the role of the inbox deletes what is old', async (t) => {
  await roles.admin.query(
    `INSERT INTO inbox (consumer, message_id, message_type, processed_at) VALUES ('old', 'm', 'T', now() - interval '1 hour')`,
  );
  const ending = new AbortController();
  let deleted = 0;
  const onDeleted = (rows: number) => {
    deleted += rows;
  };
  const running = runInboxRetention(
    { pool: roles.inbox, log, random: Math.random },
    { keepMs: 60_000, everyMs: 5, onDeleted },
    ending.signal,
  );
  t.after(async () => {
    ending.abort();
    await running;
  });

  await until('the row is deleted', () => deleted > 0);
});

test('the role of the inbox can do nothing else', async () => {
  for (const statement of [
    'SELECT * FROM outbox',
    'UPDATE outbox SET processed_at = now()',
    'DELETE FROM orders',
    `INSERT INTO orders (order_id) VALUES ('o')`,
    'UPDATE order_items SET quantity = 1',
    'DELETE FROM order_history',
    'UPDATE order_history SET reason = NULL',
    'SELECT * FROM idempotency_keys',
    'SELECT * FROM relay_progress',
    'TRUNCATE inbox',
    'CREATE TABLE another (id int)',
    "SELECT pg_create_logical_replication_slot('other', 'pgoutput')",
  ]) {
    await assert.rejects(roles.inbox.query(statement), DENIED, statement);
  }
});

test('no other role may do anything with the inbox', async () => {
  for (const role of [roles.api, roles.relay]) await assert.rejects(role.query('SELECT FROM inbox'), DENIED);
});
