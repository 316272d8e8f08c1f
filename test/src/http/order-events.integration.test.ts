import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findOrderEvents } from '../../../src/outbox/outbox-reader.ts';
import { openApp } from '../../support/app.ts';
import { insertManyOrders } from '../../support/many-orders.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { plansOf } from '../../support/plans.ts';
import { insertEvent } from '../../support/relay.ts';

test("an order's events are shown in their order, each with what has become of it and when", async (t) => {
  const { post, cancel, request, db } = await openApp(t, { now: () => new Date('2024-12-12T10:30:00.000Z') });
  const { orderId } = (await post(tutorialOrder())).json();
  await post(tutorialOrder());
  await cancel(orderId);
  for (const type of ['Parked', 'Dropped', 'Redriven']) await insertEvent(db, type, { aggregateId: orderId });
  const mark = (type: string, ...columns: string[]) =>
    db.query(
      `UPDATE outbox SET ${columns.map((column) => `${column} = '2024-12-12T10:31:00Z'`).join()} WHERE message_type = $1`,
      [type],
    );
  await mark('OrderCreated', 'processed_at');
  await mark('Parked', 'parked_at');
  await mark('Dropped', 'parked_at', 'dropped_at');
  await mark('Redriven', 'parked_at', 'processed_at');

  const answer = await request({ url: `/api/orders/${orderId}/events` });

  const { rows } = await db.query(
    `SELECT message_id AS id, to_jsonb(created_at) #>> '{}' AS at FROM outbox WHERE aggregate_id = $1 ORDER BY position`,
    [orderId],
  );
  const at = '2024-12-12T10:31:00.000Z';
  const expected = [
    { type: 'OrderCreated', state: 'published', publishedAt: at },
    { type: 'OrderCancelled', state: 'pending' },
    { type: 'Parked', state: 'parked', parkedAt: at },
    { type: 'Dropped', state: 'dropped', parkedAt: at, droppedAt: at },
    { type: 'Redriven', state: 'published', publishedAt: at, parkedAt: at },
  ].map((event, n) => ({ messageId: rows[n].id, createdAt: new Date(rows[n].at).toISOString(), ...event }));
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json(), { items: expected });
  assert.equal(answer.headers['cache-control'], 'private, no-cache');
});

test('the events of an order that is not there, or cannot be, are a 404', async (t) => {
  const { request, db } = await openApp(t);
  await insertEvent(db, 'Noted', { aggregateId: '0'.repeat(32) });

  for (const id of ['0'.repeat(32), 'x', '%00']) {
    const answer = await request({ url: `/api/orders/${id}/events` });
    assert.deepEqual(
      [answer.statusCode, answer.json().type],
      [404, 'urn:order-service:problem:order-not-found'],
    );
  }
});

test('an order without events has an empty list', async (t) => {
  const { post, request, db } = await openApp(t);
  const { orderId } = (await post(tutorialOrder())).json();
  await db.query('DELETE FROM outbox');

  const answer = await request({ url: `/api/orders/${orderId}/events` });

  assert.deepEqual(answer.json(), { items: [] });
});

test('the events of an order are found by an index', async (t) => {
  const { db } = await openApp(t);
  await insertManyOrders(db, 20_000);

  const [plan] = await plansOf(db, (logged) => findOrderEvents(logged, '100'.padStart(32, '0'), undefined));

  assert.deepEqual(plan?.scans.toSorted(), ['orders by orders_pkey', 'outbox by idx_outbox_aggregate_id']);
  assert.ok(plan.rowsRead < 20, `${plan.rowsRead} rows`);
});
