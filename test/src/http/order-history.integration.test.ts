import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findOrderWithHistory } from '../../../src/orders/order-history-store.ts';
import { ORDER_STATUSES } from '../../../src/orders/order-status.ts';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { plansOf } from '../../support/plans.ts';

const created = new Date('2024-12-12T10:30:00.000Z');
const cancelledAt = new Date('2024-12-12T10:45:00.123Z');

test('an order is read with its history, which its answer and the list do not have', async (t) => {
  let now = created;
  const { post, cancel, request } = await openApp(t, { now: () => now });
  const order = (await post(tutorialOrder())).json();
  const read = async () => (await request({ url: `/api/orders/${order.orderId}` })).json();
  const first = {
    version: 1,
    status: 'Pending',
    event: 'OrderCreated',
    by: 'customer',
    at: created.toISOString(),
  };

  assert.deepEqual(await read(), { ...order, history: [first] });
  now = cancelledAt;
  const cancelled = (await cancel(order.orderId)).json();

  const second = {
    version: 2,
    status: 'Cancelled',
    event: 'OrderCancelled',
    by: 'customer',
    reason: 'Ordered twice',
    at: cancelledAt.toISOString(),
  };
  assert.deepEqual(await read(), { ...cancelled, history: [first, second] });
  assert.deepEqual((await request({ url: '/api/orders' })).json().items, [cancelled]);
});

test('an order that was cancelled before histories were kept has its two entries', async (t) => {
  const { post, request, db } = await openApp(t, { now: () => created });
  const { orderId } = (await post(tutorialOrder())).json();
  await db.query("UPDATE orders SET status = 'Cancelled', version = 2, updated_at = $1", [cancelledAt]);

  const { history } = (await request({ url: `/api/orders/${orderId}` })).json();

  assert.deepEqual(history[1], {
    version: 2,
    status: 'Cancelled',
    event: 'OrderCancelled',
    by: 'customer',
    at: cancelledAt.toISOString(),
  });
});

test('the history ends at the version that is shown, whatever is written meanwhile', async (t) => {
  const { post, cancel, request, db } = await openApp(t);
  const { orderId } = (await post(tutorialOrder())).json();
  await cancel(orderId);
  await db.query(
    `INSERT INTO order_history SELECT order_id, 3, status, 'OrderNoted', 'payments', 'Late', 'm', now() FROM orders`,
  );

  const { version, history } = (await request({ url: `/api/orders/${orderId}` })).json();

  assert.deepEqual([version, history.length], [2, 2]);
});

test('an order that was never changed is read by one statement, a changed one by two, both by their keys', async (t) => {
  const { post, cancel, db } = await openApp(t);
  const fresh = (await post(tutorialOrder())).json().orderId;
  const changed = (await post(tutorialOrder())).json().orderId;
  await cancel(changed);

  const plans = async (orderId: string) =>
    (await plansOf(db, (connection) => findOrderWithHistory(connection, orderId, undefined))).map(
      ({ scans }) => scans.map((scan) => scan.split(' ')[0]),
    );

  assert.deepEqual(await plans(fresh), [['orders', 'order_items']]);
  assert.deepEqual(await plans(changed), [['orders', 'order_items'], ['order_history']]);
});

test('the version of an order is its ETag in every state, and the list finds every state', async (t) => {
  const { post, request, cancel, db } = await openApp(t);
  for (const [index, status] of ORDER_STATUSES.entries()) {
    const { orderId } = (await post(tutorialOrder())).json();
    const version = index + 1;
    await db.query('UPDATE orders SET status = $2, version = $3 WHERE order_id = $1', [
      orderId,
      status,
      version,
    ]);
    const url = `/api/orders/${orderId}`;

    const read = await request({ url });
    const unchanged = await request({ url, headers: { 'if-none-match': `"${version}"` } });
    const stale = await cancel(orderId, undefined, { 'if-match': `"${version + 1}"` });
    const { items } = (await request({ url: `/api/orders?status=${status}` })).json();

    assert.deepEqual([read.headers.etag, unchanged.statusCode, stale.statusCode], [`"${version}"`, 304, 412]);
    assert.deepEqual(
      items.map((item: { orderId: string; status: string }) => [item.orderId, item.status]),
      [[orderId, status]],
    );
  }
});
