import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CANCEL_ORDER } from '../../../src/messages/cancel-order.ts';
import { EXPIRE_ORDER } from '../../../src/messages/expire-order.ts';
import { RECORD_FAILED_PAYMENT } from '../../../src/messages/record-failed-payment.ts';
import { RECORD_PAYMENT } from '../../../src/messages/record-payment.ts';
import { RECORD_SHIPMENT } from '../../../src/messages/record-shipment.ts';
import { WITHDRAW_ORDER } from '../../../src/messages/withdraw-order.ts';
import { ORDER_STATUSES } from '../../../src/orders/order-status.ts';
import { transitionOf } from '../../../src/orders/order-transitions.ts';
import {
  causeOf,
  type OrderChanges,
  openOrderChanges,
  type StoredChanges,
} from '../../support/order-changes.ts';

type Command = Parameters<OrderChanges['dispatcher']['dispatch']>[0];

/** What can happen to an order, by the name that the table of transitions has for it. */
const HAPPENINGS = {
  CancelOrder: (orderId: string): Command => ({
    type: CANCEL_ORDER,
    body: { orderId, reason: 'Ordered twice' },
  }),
  ExpireOrder: (orderId: string): Command => ({
    type: EXPIRE_ORDER,
    body: { orderId, reason: 'No answer within 15m' },
  }),
  InventoryInsufficient: (orderId: string): Command => ({
    type: WITHDRAW_ORDER,
    body: { orderId, happening: 'InventoryInsufficient', reason: 'Out of stock' },
  }),
  InventoryReleased: (orderId: string): Command => ({
    type: WITHDRAW_ORDER,
    body: { orderId, happening: 'InventoryReleased', reason: 'Payment declined' },
  }),
  PaymentProcessed: (orderId: string, paymentId = 'pay-1'): Command => ({
    type: RECORD_PAYMENT,
    body: { orderId, paymentId, amount: 89.97 },
  }),
  PaymentFailed: (orderId: string): Command => ({
    type: RECORD_FAILED_PAYMENT,
    body: { orderId, reason: 'Card declined' },
  }),
  ShipmentCreated: (orderId: string): Command => ({
    type: RECORD_SHIPMENT,
    body: { orderId, shipmentId: 'ship-1' },
  }),
};
type Name = keyof typeof HAPPENINGS;
const NAMES = Object.keys(HAPPENINGS) as Name[];

/** Whether it was refused. */
async function happen(
  { dispatcher }: OrderChanges,
  name: Name,
  orderId: string,
  cause = causeOf(),
): Promise<boolean> {
  try {
    await dispatcher.dispatch(HAPPENINGS[name](orderId), cause);
    return false;
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ORDER_NOT_CANCELLABLE', String(error));
    return true;
  }
}

/** The promise: each version has one entry of the history and one event that carries it, which say the same. */
function assertOneByOne({ status, version, history, events }: StoredChanges): void {
  const versions = Array.from({ length: version }, (_, n) => n + 1);
  assert.deepEqual(
    events.map((event) => event.version),
    versions,
  );
  assert.deepEqual(
    history.map((entry) => entry.version),
    versions.slice(1),
  );
  assert.deepEqual(
    history.map((entry) => entry.event),
    events.slice(1).map(({ type }) => type),
  );
  assert.equal(history.at(-1)?.status ?? 'Pending', status);
}

test('every cell of the table, against the database', async (t) => {
  const changes = await openOrderChanges(t);
  for (const name of NAMES) {
    for (const from of ORDER_STATUSES) {
      const orderId = await changes.placeOrder();
      await changes.db.query('UPDATE orders SET status = $2 WHERE order_id = $1', [orderId, from]);
      const transition = transitionOf(name, from);

      const refused = await happen(changes, name, orderId, causeOf('cause-1'));
      const stored = await changes.stored(orderId);

      const isChange = transition !== 'unchanged' && transition !== 'refused';
      assert.equal(refused, transition === 'refused', `${name} of ${from}`);
      assert.equal(stored.version, isChange ? 2 : 1, `${name} of ${from}`);
      if (isChange) {
        assertOneByOne(stored);
        assert.equal(stored.status, transition === 'noted' ? from : transition);
        assert.equal(stored.history[0]?.cause, 'cause-1');
        assert.equal(stored.events[1]?.type === 'OrderNoted', transition === 'noted');
      } else assert.deepEqual([stored.status, stored.history, stored.events.length], [from, [], 1]);
    }
  }
});

test('what happens twice in the same words has happened once, in whatever state the order is by then', async (t) => {
  const changes = await openOrderChanges(t);
  const orderId = await changes.placeOrder();

  for (const name of ['PaymentFailed', 'PaymentFailed', 'PaymentProcessed', 'PaymentProcessed'] as const)
    await happen(changes, name, orderId);
  for (const name of ['ShipmentCreated', 'PaymentProcessed', 'ShipmentCreated', 'PaymentFailed'] as const)
    await happen(changes, name, orderId);

  const { events, ...stored } = await changes.stored(orderId);
  assert.deepEqual(
    events.map(({ type }) => type),
    ['OrderCreated', 'OrderNoted', 'OrderPaid', 'OrderShipped'],
  );
  assertOneByOne({ events, ...stored });
});

test('a second payment, and one that comes after the end, are noted with what they are', async (t) => {
  const changes = await openOrderChanges(t);
  const paidTwice = await changes.placeOrder();
  const cancelled = await changes.placeOrder();

  await happen(changes, 'PaymentProcessed', paidTwice);
  await changes.dispatcher.dispatch(HAPPENINGS.PaymentProcessed(paidTwice, 'pay-2'), causeOf());
  await happen(changes, 'InventoryInsufficient', cancelled);
  await happen(changes, 'PaymentProcessed', cancelled);

  const notes = await Promise.all(
    [paidTwice, cancelled].map(async (id) => (await changes.stored(id)).events[2]?.body),
  );
  const told = notes.map((note) => [note?.['status'], note?.['note'], note?.['reason']]);
  assert.deepEqual(told, [
    ['PaymentProcessed', 'PaymentProcessed', 'Payment pay-2 of 89.97'],
    ['Cancelled', 'PaymentProcessed', 'Payment pay-1 of 89.97'],
  ]);
});

test('words of a customer do not pass for those of a service', async (t) => {
  const changes = await openOrderChanges(t);
  const orderId = await changes.placeOrder();
  const reason = 'Payment pay-1 of 89.97';
  await changes.dispatcher.dispatch({ type: CANCEL_ORDER, body: { orderId, reason } }, causeOf());

  await happen(changes, 'PaymentProcessed', orderId);

  assert.equal((await changes.stored(orderId)).events[2]?.type, 'OrderNoted');
});

test('an order that is not there is told of nothing', async (t) => {
  const changes = await openOrderChanges(t);

  for (const name of NAMES) {
    const command = HAPPENINGS[name]('0'.repeat(32));
    await assert.rejects(changes.dispatcher.dispatch(command, causeOf()), { code: 'ORDER_NOT_FOUND' });
  }
});

test('whatever happens at once, versions have no gap, and history and events say what happened one after the other', async (t) => {
  const changes = await openOrderChanges(t);
  const storm = fc.array(fc.constantFrom(...NAMES), { minLength: 2, maxLength: 12 });

  await fc.assert(
    fc.asyncProperty(storm, async (names) => {
      const orderId = await changes.placeOrder();

      await Promise.all(names.map((name) => happen(changes, name, orderId)));

      const stored = await changes.stored(orderId);
      assertOneByOne(stored);
      let status = 'Pending';
      for (const { event, status: next, reason } of stored.history) {
        const name = NAMES.find(
          (one) => transitionOf(one, status) === (event === 'OrderNoted' ? 'noted' : next),
        );
        assert.ok(name, `${event} (${reason}) leads from ${status} to ${next}`);
        status = next;
      }
    }),
    { numRuns: 25 },
  );
});
