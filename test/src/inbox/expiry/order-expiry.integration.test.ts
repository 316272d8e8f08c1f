import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { drizzle } from 'drizzle-orm/node-postgres';
import { createLogger } from '../../../../src/core/log.ts';
import { type ExpiryDeps, startExpiry } from '../../../../src/inbox/expiry/expiry.ts';
import { orderExpiry } from '../../../../src/inbox/expiry/order-expiry.ts';
import { findOverdueOrders } from '../../../../src/orders/find-overdue-orders.ts';
import type { Receptors } from '../../../../src/receptors/registry.ts';
import { cleanup } from '../../../support/cleanup.ts';
import { type OrderChanges, openOrderChanges } from '../../../support/order-changes.ts';
import { plansOf } from '../../../support/plans.ts';
import { until } from '../../../support/until.ts';

const QUARTER = { text: '15m', ms: 15 * 60_000 };

/** As one process does it. */
function startProcess(t: TestContext, changes: OrderChanges, more: Partial<ExpiryDeps<Receptors>> = {}) {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({
    level: 'info',
    service: 'test',
    destination: { write: (line: string) => lines.push(JSON.parse(line)) },
  });
  const { db: connections, dispatcher } = changes;
  const expiry = startExpiry({
    expiry: orderExpiry(QUARTER),
    connections,
    dispatcher,
    newId: randomUUIDv7,
    log,
    pauseMs: 1,
    intervalMs: 5,
    ...more,
  });
  cleanup(t, () => expiry.stop());
  return { expiry, lines };
}

/** The ids of new orders that are as old as that. */
async function placeOld({ placeOrder, db }: OrderChanges, count: number, age: string): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) ids.push(await placeOrder());
  await db.query('UPDATE orders SET created_at = now() - $2::interval WHERE order_id = ANY ($1)', [ids, age]);
  return ids;
}

const cancelled = async ({ db }: OrderChanges) =>
  (await db.query("SELECT order_id FROM orders WHERE status = 'Cancelled' ORDER BY 1")).rows.map(
    (row) => row.order_id,
  );

test('an order that waits too long is cancelled by the command, with its reason; one that does not wait is not', async (t) => {
  const changes = await openOrderChanges(t);
  const [old = ''] = await placeOld(changes, 1, '15 minutes 1 second');
  const [paid = ''] = await placeOld(changes, 1, '1 day');
  await changes.db.query("UPDATE orders SET status = 'PaymentProcessed' WHERE order_id = $1", [paid]);
  await placeOld(changes, 1, '14 minutes');
  const { expiry } = startProcess(t, changes);

  await until('it is cancelled', async () => (await cancelled(changes)).length > 0);
  await expiry.stop();

  assert.deepEqual(await cancelled(changes), [old]);
  const { history, events } = await changes.stored(old);
  assert.deepEqual(
    [history[0]?.by, history[0]?.reason, events[1]?.version],
    ['expiry', 'No answer within 15m', 2],
  );
  assert.equal(events[1]?.body['cancelledBy'], 'expiry');
});

test('two processes at once cancel each order once', async (t) => {
  const changes = await openOrderChanges(t);
  const ids = await placeOld(changes, 60, '1 hour');

  const processes = [startProcess(t, changes, { batch: 7 }), startProcess(t, changes, { batch: 7 })];
  await until('all are cancelled', async () => (await cancelled(changes)).length === ids.length);
  for (const { expiry } of processes) await expiry.stop();

  const { rows } = await changes.db.query(
    `SELECT max(version)::int AS version, count(*)::int AS orders, (SELECT count(*)::int FROM order_history) AS entries,
       (SELECT count(*)::int FROM outbox WHERE message_type = 'OrderCancelled') AS events FROM orders`,
  );
  assert.deepEqual(rows, [{ version: 2, orders: 60, entries: 60, events: 60 }]);
  const counted = processes.flatMap(({ lines }) => lines.map(({ expired }) => Number(expired ?? 0)));
  assert.equal(
    counted.reduce((sum, count) => sum + count, 0),
    60,
  );
});

test('a locked order is passed over, and comes next time', async (t) => {
  const changes = await openOrderChanges(t);
  const [first = '', second = ''] = await placeOld(changes, 2, '1 hour');
  const holder = await changes.db.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM orders WHERE order_id = $1 FOR UPDATE', [first]);
  startProcess(t, changes);

  await until('the other one is cancelled', async () => (await cancelled(changes)).includes(second));
  assert.deepEqual(await cancelled(changes), [second]);
  await holder.query('COMMIT');
  holder.release();

  await until('both are cancelled', async () => (await cancelled(changes)).length === 2);
});

test('a turn is bounded, the oldest first, and reads nothing that is not overdue', async (t) => {
  const changes = await openOrderChanges(t);
  await changes.db.query(
    `INSERT INTO orders (order_id, customer_id, total_amount, status, shipping_address, created_at)
     SELECT lpad(n::text, 32, '0'), 'c', 1, CASE WHEN n > 4000 THEN 'Pending' ELSE 'Cancelled' END, '{}', now() - n * interval '1 s'
     FROM generate_series(1, 8000) n`,
  );
  await changes.db.query('ANALYZE orders');

  const found = await findOverdueOrders(drizzle(changes.db), 7_990_000, 5);
  const [plan] = await plansOf(changes.db, (db) => findOverdueOrders(db, 7_990_000, 5));

  assert.deepEqual(found.map(Number), [8000, 7999, 7998, 7997, 7996]);
  assert.deepEqual(plan?.scans, ['orders by idx_orders_status']);
  assert.ok(plan.rowsRead < 50, `${plan.rowsRead} rows`);
});

test('one that cannot be cancelled keeps none of the others', async (t) => {
  const changes = await openOrderChanges(t);
  const [bad = '', good = ''] = await placeOld(changes, 2, '1 hour');
  await changes.db.query(
    `ALTER TABLE order_history ADD CONSTRAINT not_this_one CHECK (order_id <> '${bad}')`,
  );

  const { lines } = startProcess(t, changes);
  await until('the other one is cancelled', async () => (await cancelled(changes)).includes(good));

  assert.deepEqual(await cancelled(changes), [good]);
  assert.ok(lines.some(({ orderId }) => orderId === bad));
});
