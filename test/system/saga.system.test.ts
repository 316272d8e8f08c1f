import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import type { ManagedProcess } from '../../dev/managed-process.ts';
import { placeOrder } from '../../dev/place-order.ts';
import { type ExampleService, openSaga, type Saga } from '../../dev/saga.ts';
import { readEmulatorConfig } from '../../dev/service-bus/emulator-config.ts';
import { ENTITIES } from '../../dev/stack.ts';
import { tutorialOrder } from '../support/orders.ts';
import { concurrently, createStack, type TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

// The three services of the saga as processes, which are killed while orders are on their way.

const ORDERS_OF_EACH = 20;
/** A killed process keeps the locks of its messages for so long. */
const LOCK_MS = 5_000;

const KINDS = [
  { end: 'PaymentProcessed', version: 2, item: { productId: 'prod-456', quantity: 1, unitPrice: 10 } },
  { end: 'Cancelled', version: 2, item: { productId: 'prod-789', quantity: 51, unitPrice: 10 } },
  { end: 'Cancelled', version: 3, item: { productId: 'prod-456', quantity: 1, unitPrice: 10.13 } },
];

test('orders that are paid, out of stock or declined end so, and the stock is exact, whoever is killed meanwhile', async (t) => {
  const { stack, inventory, payments } = await openServices(t);
  const api = stack.startApi();
  const parts = [
    revived(stack.inboxUrl, () => stack.startInbox()),
    revived(stack.relayUrl, () => stack.startRelay()),
    ...[inventory, payments].flatMap((service) => [
      revived(service.inboxUrl, () => service.start()),
      revived(service.relayUrl, () => service.startRelay()),
    ]),
  ];
  await Promise.all([api.ready(`${stack.apiUrl}/health/ready`), ...parts.map(({ ready }) => ready())]);

  const ids: string[] = [];
  const placing = concurrently(KINDS.length * ORDERS_OF_EACH, 3, async (n) => {
    const item = KINDS[n % KINDS.length]?.item ?? assert.fail();
    const { status, order } = await placeOrder(stack, {}, { ...tutorialOrder(), items: [item] });
    assert.equal(status, 201);
    ids[n] = String(order['orderId']);
  });
  for (const part of parts) await part.killed();
  await placing;

  await until('every order has ended', async () => (await notEnded(stack, ids)) === 0, 120_000);
  await until(
    'every payment is known to the inventory',
    async () => (await statuses(inventory))['reserved'] === undefined,
  );
  assert.deepEqual(
    await rowsOf(stack, 'SELECT message_type AS name, count(*)::int AS n FROM outbox GROUP BY 1'),
    {
      OrderCreated: 3 * ORDERS_OF_EACH,
      OrderPaid: ORDERS_OF_EACH,
      OrderNoted: ORDERS_OF_EACH,
      OrderCancelled: 2 * ORDERS_OF_EACH,
    },
  );
  assert.deepEqual(
    await rowsOf(inventory, 'SELECT message_type AS name, count(*)::int AS n FROM outbox GROUP BY 1'),
    {
      InventoryReserved: 2 * ORDERS_OF_EACH,
      InventoryInsufficient: ORDERS_OF_EACH,
      InventoryReleased: ORDERS_OF_EACH,
    },
  );
  assert.deepEqual(
    await rowsOf(payments, 'SELECT message_type AS name, count(*)::int AS n FROM outbox GROUP BY 1'),
    {
      PaymentProcessed: ORDERS_OF_EACH,
      PaymentFailed: ORDERS_OF_EACH,
    },
  );
  assert.deepEqual(await statuses(inventory), {
    paid: ORDERS_OF_EACH,
    refused: ORDERS_OF_EACH,
    released: ORDERS_OF_EACH,
  });
  assert.deepEqual(
    await rowsOf(inventory, 'SELECT product_id AS name, quantity_available AS n FROM inventory'),
    {
      'prod-456': 100 - ORDERS_OF_EACH,
      'prod-789': 50,
    },
  );
  assert.deepEqual(
    await rowsOf(inventory, 'SELECT product_id AS name, quantity_reserved AS n FROM inventory'),
    {
      'prod-456': ORDERS_OF_EACH,
      'prod-789': 0,
    },
  );
});

async function openServices(t: TestContext): Promise<Saga & { readonly stack: TestStack }> {
  const config = readEmulatorConfig(ENTITIES);
  const topics = config.topics.map((topic) => ({
    ...topic,
    subscriptions: topic.subscriptions.map((each) => ({ ...each, lockDurationMs: LOCK_MS })),
  }));
  const stack = await createStack(t, { namespace: { ...config, topics } });
  return { stack, ...(await openSaga(stack)) };
}

/** A process that is started again when it was killed. */
function revived(url: string, start: () => ManagedProcess) {
  let running = start();
  const ready = () => running.ready(`${url}/health/ready`);
  return {
    ready,
    async killed(): Promise<void> {
      await running.stop('SIGKILL');
      running = start();
      await ready();
    },
  };
}

/** How many orders are not yet as they have to be in the end. */
async function notEnded({ db }: TestStack, ids: readonly string[]): Promise<number> {
  const { rows } = await db.query<{ order_id: string; status: string; version: number }>(
    'SELECT order_id, status, version FROM orders',
  );
  assert.equal(rows.length, ids.length);
  return rows.filter(({ order_id, status, version }) => {
    const kind = KINDS[ids.indexOf(order_id) % KINDS.length];
    return status !== kind?.end || version !== kind.version;
  }).length;
}

const statuses = (inventory: ExampleService) =>
  rowsOf(inventory, 'SELECT status AS name, count(*)::int AS n FROM inventory_reservations GROUP BY 1');

/** What a statement tells, a number for each name. */
async function rowsOf(
  { databaseUrl }: { databaseUrl: string },
  statement: string,
): Promise<Record<string, number>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string; n: number }>(statement);
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
  } finally {
    await client.end();
  }
}
