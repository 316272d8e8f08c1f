import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { until } from '../../support/until.ts';
import { created, type Inventory, openInventory } from './open-inventory.ts';

const COMPLETE = { kind: 'complete' };
const FULL = { 'prod-456': [100, 0], 'prod-789': [50, 0] };

test('an order that is in stock is reserved with all of its items, and says what it costs', async (t) => {
  const { receive, stock, events } = await openInventory(t);

  await receive('OrderCreated', created('o1', { 'prod-456': 2, 'prod-789': 1 }));

  assert.deepEqual(await stock(), { 'prod-456': [98, 2], 'prod-789': [49, 1] });
  const [event, ...others] = await events();
  assert.deepEqual([event?.type, event?.version, others], ['InventoryReserved', 1, []]);
  assert.deepEqual([event?.body['orderId'], event?.body['totalAmount']], ['o1', 39.98]);
});

test('an order of which one item is missing reserves none, and the refusal is published', async (t) => {
  const { receive, stock, events } = await openInventory(t);

  const settlement = await receive('OrderCreated', created('o1', { 'prod-456': 2, 'prod-789': 51, new: 1 }));

  assert.deepEqual([settlement, await stock()], [COMPLETE, FULL]);
  const items = [
    { productId: 'prod-789', requested: 51, available: 50 },
    { productId: 'new', requested: 1, available: 0 },
  ];
  assert.deepEqual(await events(), [
    { type: 'InventoryInsufficient', version: 1, body: { orderId: 'o1', items } },
  ]);
});

test('a product in two lines of an order is counted as one', async (t) => {
  const { receive, stock, events } = await openInventory(t);
  const twice = (orderId: string, quantity: number) => {
    const { items, ...order } = created(orderId, { 'prod-456': quantity });
    return { ...order, items: [...items, ...items] };
  };

  await receive('OrderCreated', twice('too-much', 51));
  await receive('OrderCreated', twice('enough', 50));

  assert.deepEqual(
    (await events()).map(({ type }) => type),
    ['InventoryInsufficient', 'InventoryReserved'],
  );
  assert.deepEqual((await stock())['prod-456'], [0, 100]);
});

test('of orders that come at once for the last items, as many are reserved as there are items', async (t) => {
  const { receive, stock, events, db } = await openInventory(t);
  await db.query("UPDATE inventory SET quantity_available = 5 WHERE product_id = 'prod-456'");
  const orders = Array.from({ length: 20 }, (_, n) => created(`o${n}`, { 'prod-456': 1, 'prod-789': 1 }));

  const settlements = await Promise.all(orders.map((order) => receive('OrderCreated', order)));

  assert.deepEqual(new Set(settlements.map(({ kind }) => kind)), new Set(['complete']));
  assert.deepEqual(await stock(), { 'prod-456': [0, 5], 'prod-789': [45, 5] });
  const types = (await events()).map(({ type }) => type);
  assert.equal(types.filter((type) => type === 'InventoryReserved').length, 5);
  assert.equal(types.length, 20);
});

test('what is released is available again, once, however many say so at once and again', async (t) => {
  const { receive, stock, events } = await openInventory(t);
  await receive('OrderCreated', created('o1', { 'prod-456': 2 }));
  const why = { orderId: 'o1', reason: 'Card declined' };

  await Promise.all([
    receive('PaymentFailed', why, 'm1'),
    receive('PaymentFailed', why, 'm1'),
    receive('PaymentFailed', why, 'm2'),
    receive('OrderCancelled', why),
  ]);
  await receive('OrderCancelled', why);

  assert.deepEqual(await stock(), FULL);
  const [, released, ...others] = await events('o1');
  assert.deepEqual(released, { type: 'InventoryReleased', version: 2, body: why });
  assert.deepEqual(others, []);
});

test('an order that was cancelled before it came reserves nothing', async (t) => {
  const { receive, stock, events } = await openInventory(t);

  await receive('OrderCancelled', { orderId: 'o1', reason: 'Changed my mind' } as never);
  await receive('OrderCreated', created('o1', { 'prod-456': 2 }));

  assert.deepEqual([await stock(), await events()], [FULL, []]);
});

test('what is paid stays reserved when its time is over, until its order is cancelled', async (t) => {
  const { receive, stock, overdue, startExpiry, status } = await openInventory(t);
  await receive('OrderCreated', created('paid', { 'prod-456': 2 }));
  await receive('OrderCreated', created('late', { 'prod-456': 3 }));
  await receive('PaymentProcessed', { orderId: 'paid' });
  await overdue();

  startExpiry();
  await until('what is not paid is released', async () => (await status('late')) === 'released');

  assert.deepEqual((await stock())['prod-456'], [98, 2]);
  await receive('PaymentProcessed', { orderId: 'late' });
  assert.equal(await status('late'), 'released', 'a payment that comes too late reserves nothing again');
  await receive('OrderCancelled', { orderId: 'paid', reason: 'Changed my mind' } as never);
  assert.deepEqual(await stock(), FULL);
});

test('payments and the end of their time come at once: each reservation is paid or released, and published so', async (t) => {
  const inventory = await openInventory(t);
  const ids = Array.from({ length: 40 }, (_, n) => `o${n}`);
  for (const id of ids) await inventory.receive('OrderCreated', created(id, { 'prod-456': 1 }));
  await inventory.overdue();

  const expiries = [inventory.startExpiry(), inventory.startExpiry()];
  await Promise.all(ids.map((orderId) => inventory.receive('PaymentProcessed', { orderId })));
  await until('none is undecided', async () =>
    (await statuses(inventory)).every((each) => each !== 'reserved'),
  );
  for (const expiry of expiries) await expiry.stop();

  const all = await statuses(inventory);
  const paid = all.filter((status) => status === 'paid').length;
  const released = (await inventory.events()).filter(({ type }) => type === 'InventoryReleased');
  assert.deepEqual((await inventory.stock())['prod-456'], [100 - paid, paid]);
  assert.equal(released.length, 40 - paid);
});

test('whatever comes in whatever order, and twice, the stock adds up', async (t) => {
  const inventory = await openInventory(t);
  const messages = Array.from({ length: 40 }, (_, n) => `o${n}`).flatMap((orderId) => {
    const why = { orderId, reason: 'r' };
    const all: [string, { orderId: string }][] = [
      ['OrderCreated', created(orderId, { 'prod-456': 3, 'prod-789': 2 })],
      ['PaymentProcessed', { orderId }],
      ['PaymentFailed', why],
      ['OrderCancelled', why],
    ];
    const some = all.filter(([type]) => type === 'OrderCreated' || Math.random() < 0.4);
    return some.flatMap(([type, body]) => {
      const message = [type, body, randomUUID()] as const;
      return [message, message];
    });
  });
  messages.sort(() => Math.random() - 0.5);

  const settlements = await Promise.all(messages.map((message) => inventory.receive(...message)));

  assert.deepEqual(new Set(settlements.map(({ kind }) => kind)), new Set(['complete']));
  const { rows } = await inventory.db.query<{ live: number }>(
    "SELECT count(*)::int AS live FROM inventory_reservations WHERE status IN ('reserved', 'paid')",
  );
  const live = rows[0]?.live ?? 0;
  assert.deepEqual(await inventory.stock(), {
    'prod-456': [100 - 3 * live, 3 * live],
    'prod-789': [50 - 2 * live, 2 * live],
  });
  const count = (events: { type: string }[], type: string) =>
    events.filter((each) => each.type === type).length;
  const events = await inventory.events();
  assert.equal(count(events, 'InventoryReserved') - count(events, 'InventoryReleased'), live);
});

async function statuses({ db }: Inventory): Promise<string[]> {
  const { rows } = await db.query<{ status: string }>('SELECT status FROM inventory_reservations');
  return rows.map(({ status }) => status);
}
