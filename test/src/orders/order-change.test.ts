import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TSchema } from '@sinclair/typebox';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { TEXT_FORMATS } from '../../../src/http/text-format.ts';
import { OrderCancelled } from '../../../src/messages/order-cancelled.ts';
import { OrderNoted } from '../../../src/messages/order-noted.ts';
import { OrderPaid } from '../../../src/messages/order-paid.ts';
import { OrderShipped } from '../../../src/messages/order-shipped.ts';
import {
  cancelledByCustomer,
  expired,
  paid,
  paymentFailed,
  shipped,
  withdrawn,
} from '../../../src/orders/occurrences.ts';
import { placeOrder, priceOrder } from '../../../src/orders/order.ts';
import { changeOf, type Occurrence } from '../../../src/orders/order-change.ts';
import { ORDER_STATUSES } from '../../../src/orders/order-status.ts';
import { transitionOf } from '../../../src/orders/order-transitions.ts';
import { tutorialOrder } from '../../support/orders.ts';

const now = new Date('2024-12-12T10:30:00.000Z');
const later = new Date('2024-12-12T10:45:00.000Z');
const orderId = '0193c0ffee007abc8def0123456789ab';
const pending = {
  ...placeOrder(
    priceOrder(tutorialOrder(), () => 'id'),
    now,
  ),
  orderId,
};
const of = { orderId, customerId: 'cust-123' };

const OCCURRENCES: readonly Occurrence[] = [
  cancelledByCustomer({ reason: 'Ordered twice' }),
  expired({ orderId, reason: 'No answer within 15m' }),
  withdrawn({ orderId, happening: 'InventoryInsufficient', reason: 'Out of stock' }),
  withdrawn({ orderId, happening: 'InventoryReleased', reason: '\u0000' }),
  paid({ orderId, paymentId: 'pay-1', amount: 89.97 }),
  paymentFailed({ orderId, reason: 'x'.repeat(10_000) }),
  shipped({ orderId, shipmentId: 'ship-1' }),
];

for (const [occurrence, event, by, reason, more] of [
  [
    cancelledByCustomer({ reason: 'Ordered twice' }),
    'OrderCancelled',
    'customer',
    'Ordered twice',
    { reason: 'Ordered twice', cancelledBy: 'customer', cancelledAt: later.toISOString() },
  ],
  [
    expired({ orderId, reason: 'No answer within 15m' }),
    'OrderCancelled',
    'expiry',
    'No answer within 15m',
    { reason: 'No answer within 15m', cancelledBy: 'expiry', cancelledAt: later.toISOString() },
  ],
  [
    withdrawn({ orderId, happening: 'InventoryReleased', reason: 'Payment declined' }),
    'OrderCancelled',
    'inventory',
    'Payment declined',
    { reason: 'Payment declined', cancelledBy: 'inventory', cancelledAt: later.toISOString() },
  ],
  [
    paid({ orderId, paymentId: 'pay-1', amount: 89.9 }),
    'OrderPaid',
    'payments',
    'Payment pay-1 of 89.90',
    { paymentId: 'pay-1', amount: 89.9, paidAt: later.toISOString() },
  ],
  [
    shipped({ orderId, shipmentId: 'ship-1' }),
    'OrderShipped',
    'shipping',
    'Shipment ship-1',
    { shipmentId: 'ship-1', shippedAt: later.toISOString() },
  ],
  [
    paymentFailed({ orderId, reason: 'Card declined' }),
    'OrderNoted',
    'payments',
    'Payment failed: Card declined',
    {
      status: 'Pending',
      note: 'PaymentFailed',
      reason: 'Payment failed: Card declined',
      notedAt: later.toISOString(),
    },
  ],
] as const) {
  test(`${occurrence.happening} makes of a pending order its next version, with ${event} by ${by}`, () => {
    const change = changeOf(pending, occurrence, later);

    const status = event === 'OrderNoted' ? 'Pending' : transitionOf(occurrence.happening, 'Pending');
    assert.deepEqual(change?.order, { ...pending, status, updatedAt: later, version: 2 });
    assert.deepEqual(change?.entry, { version: 2, status, event, by, reason, at: later });
    assert.deepEqual(change?.event, {
      type: event,
      body: { ...of, ...more },
      aggregateId: orderId,
      aggregateVersion: 2,
    });
  });
}

test('whatever happens in whatever state is a change of one version with a valid event, no change, or refused', () => {
  const ajv = new Ajv2020({ strict: false, formats: { ...TEXT_FORMATS } });
  const schemas: Record<string, TSchema> = { OrderCancelled, OrderNoted, OrderPaid, OrderShipped };
  const seen = new Set<string>();

  for (const occurrence of OCCURRENCES) {
    for (const status of ORDER_STATUSES) {
      const order = { ...pending, status, version: 7 };
      const transition = transitionOf(occurrence.happening, status);
      seen.add(transition);
      if (transition === 'refused') {
        assert.throws(() => changeOf(order, occurrence, later), { code: 'ORDER_NOT_CANCELLABLE' });
        continue;
      }
      const change = changeOf(order, occurrence, later);
      if (transition === 'unchanged') assert.equal(change, undefined);
      else {
        const { type = '', body, aggregateVersion } = change?.event ?? {};
        assert.equal(change?.isNote, transition === 'noted');
        assert.equal(change.order.status, change.isNote ? status : transition);
        assert.deepEqual([change.order.version, change.entry.version, aggregateVersion], [8, 8, 8]);
        assert.ok(ajv.validate(schemas[type] ?? false, body), `${type}: ${ajv.errorsText()}`);
      }
    }
  }
  assert.equal(seen.size, 6);
});
