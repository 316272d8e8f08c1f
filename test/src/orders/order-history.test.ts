import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOrder, priceOrder } from '../../../src/orders/order.ts';
import { type HistoryEntry, withHistory } from '../../../src/orders/order-history.ts';
import { tutorialOrder } from '../../support/orders.ts';

const created = new Date('2024-12-12T10:30:00.000Z');
const changed = new Date('2024-12-12T10:45:00.000Z');
const later = new Date('2024-12-12T11:00:00.000Z');
const order = placeOrder(
  priceOrder(tutorialOrder(), () => 'id'),
  created,
);
const first = { version: 1, status: 'Pending', event: 'OrderCreated', by: 'customer', at: created };
const cancelled = { version: 2, status: 'Cancelled', event: 'OrderCancelled', by: 'customer', at: changed };
const noted: HistoryEntry = {
  version: 3,
  status: 'Cancelled',
  event: 'OrderNoted',
  by: 'payments',
  reason: 'Payment pay-1 of 89.97',
  at: later,
};
const plain = ({ reason, ...entry }: HistoryEntry) => (reason === undefined ? entry : { ...entry, reason });

for (const { name, version, updatedAt, kept, expected } of [
  { name: 'was never changed', version: 1, updatedAt: created, kept: [], expected: [first] },
  {
    name: 'was cancelled',
    version: 2,
    updatedAt: changed,
    kept: [{ ...cancelled, reason: 'Ordered twice' }],
    expected: [first, { ...cancelled, reason: 'Ordered twice' }],
  },
  {
    name: 'was cancelled before histories were kept',
    version: 2,
    updatedAt: changed,
    kept: [],
    expected: [first, cancelled],
  },
  {
    name: 'was cancelled before histories were kept, and told of more since',
    version: 3,
    updatedAt: later,
    kept: [noted],
    expected: [first, { ...cancelled, at: later }, noted],
  },
]) {
  test(`the history of an order that ${name}`, () => {
    const { history } = withHistory({ ...order, version, updatedAt }, kept);

    assert.deepEqual(history.map(plain), expected);
  });
}
