import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { freePort } from '../../dev/free-port.ts';
import { type ManagedProcess, startService } from '../../dev/managed-process.ts';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';
import { cleanup } from '../support/cleanup.ts';
import { createDatabase } from '../support/database.ts';
import { createInventoryBus, INVENTORY, insufficient, leftAtInventory, publish } from '../support/inbox.ts';
import { insertManyOrders } from '../support/many-orders.ts';
import { createStack, postOrder, receiveAll } from '../support/stack.ts';
import { until } from '../support/until.ts';

// The process itself, as `npm run inbox` starts it.

const ORDERS = 200;

interface Inboxes {
  /** Starts one more; resolves when it is ready. */
  readonly start: (
    subscriptions?: string,
  ) => Promise<ManagedProcess & { readonly status: () => Promise<Status> }>;
  readonly db: pg.Pool;
  readonly bus: LocalServiceBus;
}

interface Status {
  readonly state: string;
  readonly consumers: Record<string, { received: number; fates: Record<string, number> }>;
}

/** Inboxes of one order service whose orders are pending, on a broker whose locks last 5 s. */
async function createInboxes(t: TestContext, { sessions }: { sessions: boolean }): Promise<Inboxes> {
  const [{ url, pool: db }, bus] = await Promise.all([
    createDatabase(t),
    createInventoryBus(t, { sessions }),
  ]);
  await insertManyOrders(db, ORDERS);
  await db.query("UPDATE orders SET status = 'Pending'");
  return {
    db,
    bus,
    start: async (subscriptions = INVENTORY) => {
      const port = await freePort();
      const inbox = startService('inbox', {
        DATABASE_URL: url,
        INBOX_HOST: '127.0.0.1',
        INBOX_PORT: String(port),
        INBOX_SUBSCRIPTIONS: subscriptions,
        INBOX_SESSIONS: String(sessions),
        SERVICEBUS_CONNECTION_STRING: bus.connectionString,
      });
      cleanup(t, () => inbox.stop('SIGKILL'));
      const address = `http://127.0.0.1:${port}`;
      await inbox.ready(`${address}/health/ready`);
      const status = async () => (await (await fetch(`${address}/status`)).json()) as Status;
      return { ...inbox, status };
    },
  };
}

const orderId = (n: number) => n.toString(16).padStart(32, '0');
const events = () => Array.from({ length: ORDERS }, (_, n) => insufficient(orderId(n + 1), `m${n + 1}`));

async function cancelled(db: pg.Pool): Promise<number> {
  const { rows } = await db.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM orders WHERE status = 'Cancelled'",
  );
  return rows[0]?.count ?? 0;
}

/** Checks that every order was cancelled once: one event and one version more, and one row of the inbox for its message. */
async function assertOnce(db: pg.Pool): Promise<void> {
  const { rows } = await db.query(
    `SELECT (SELECT count(*)::int FROM orders WHERE status = 'Cancelled' AND version = 2) AS orders,
       (SELECT count(*)::int FROM outbox WHERE message_type = 'OrderCancelled') AS events,
       (SELECT count(DISTINCT aggregate_id)::int FROM outbox WHERE message_type = 'OrderCancelled') AS "ofOrders",
       (SELECT count(*)::int FROM inbox WHERE processed_at IS NOT NULL) AS handled`,
  );
  assert.deepEqual(rows, [{ orders: ORDERS, events: ORDERS, ofOrders: ORDERS, handled: ORDERS }]);
}

test('an event of the inventory cancels its order, and the relay publishes that', async (t) => {
  const stack = await createStack(t);
  const [api, inbox, relay] = [stack.startApi(), stack.startInbox(), stack.startRelay()];
  await Promise.all([
    api.ready(`${stack.apiUrl}/health/ready`),
    inbox.ready(`${stack.inboxUrl}/health/ready`),
    relay.ready(`${stack.relayUrl}/health/ready`),
  ]);
  const received = receiveAll(t, stack);
  const { orderId: id } = await postOrder(stack);

  await publish(stack.bus, 'inventory', [insufficient(id, 'of-the-inventory')]);
  await until('both events arrive', () => received.messages.length === 2);

  const [, event] = received.messages;
  const order = (await (await fetch(`${stack.apiUrl}/api/orders/${id}`)).json()) as { status: string };
  assert.equal(order.status, 'Cancelled');
  assert.deepEqual([event?.subject, event?.applicationProperties?.['aggregateId']], ['OrderCancelled', id]);
  const body = JSON.parse(String(event?.body));
  assert.match(body.reason, /Out of stock: prod-456/);
  const { rows } = await stack.db.query('SELECT causation_id FROM outbox WHERE message_type = $1', [
    'OrderCancelled',
  ]);
  assert.deepEqual(rows, [{ causation_id: 'of-the-inventory' }]);
  assert.equal(await inbox.stop(), 0);
});

for (const sessions of [false, true]) {
  const how = sessions ? 'with sessions' : 'without sessions';

  test(`${how}, each message takes effect once, through inboxes that are killed and events that are sent twice`, async (t) => {
    const { start, db, bus } = await createInboxes(t, { sessions });
    const sent = publish(bus, 'inventory', [...events(), ...events()]);

    for (const part of [0.1, 0.4, 0.7]) {
      const inbox = await start();
      await until('a part is handled', async () => (await cancelled(db)) >= part * ORDERS);
      await inbox.stop('SIGKILL');
    }
    await Promise.all([start(), start(), sent]);
    await until('every order is cancelled', async () => (await cancelled(db)) === ORDERS);
    await until('nothing is left', async () => (await leftAtInventory(bus)) === 0);

    await assertOnce(db);
  });

  test(`${how}, an inbox that stops under load lets go of nothing that it has not handled`, async (t) => {
    const { start, db, bus } = await createInboxes(t, { sessions });
    const first = await start();
    const sent = publish(bus, 'inventory', events());
    await until('a part is handled', async () => (await cancelled(db)) > 0);

    assert.equal(await first.stop(), 0);
    const before = await cancelled(db);
    const second = await start();
    await sent;
    await until('every order is cancelled', async () => (await cancelled(db)) === ORDERS);
    await until('nothing is left', async () => (await leftAtInventory(bus)) === 0);

    await assertOnce(db);
    const fates = (await second.status()).consumers[INVENTORY]?.fates;
    assert.ok(before < ORDERS, `${before} were handled before the stop`);
    assert.deepEqual(
      [fates?.['handled'], fates?.['repeat']],
      [ORDERS - before, 0],
      'what was handled is completed',
    );
    assert.deepEqual(await deliveries(db), [1], 'no delivery was for nothing');
  });
}

for (const sessions of [false, true]) {
  test(`whoever holds ${sessions ? 'with' : 'without'} sessions is ${sessions ? 'not ' : ''}warned that no order is kept`, async (t) => {
    const { start } = await createInboxes(t, { sessions });

    const inbox = await start(`${INVENTORY}=hold`);
    await inbox.stop();

    assert.equal(/keeps no order without sessions/.test(inbox.lines.join()), !sessions);
  });
}

async function deliveries(db: pg.Pool): Promise<number[]> {
  const { rows } = await db.query<{ count: number }>('SELECT DISTINCT delivery_count AS count FROM inbox');
  return rows.map(({ count }) => count);
}
