import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ORDER_STATUSES } from '../../../src/orders/order-status.ts';
import {
  type Happening,
  ORDER_TRANSITIONS,
  type Transition,
  transitionOf,
} from '../../../src/orders/order-transitions.ts';

/** In the order of ORDER_STATUSES: pending, paid, shipped, delivered, cancelled. */
const EXPECTED: Record<Happening, Transition[]> = {
  CancelOrder: ['Cancelled', 'refused', 'refused', 'refused', 'unchanged'],
  ExpireOrder: ['Cancelled', 'unchanged', 'unchanged', 'unchanged', 'unchanged'],
  InventoryInsufficient: ['Cancelled', 'Cancelled', 'noted', 'noted', 'unchanged'],
  InventoryReleased: ['Cancelled', 'Cancelled', 'noted', 'noted', 'unchanged'],
  PaymentProcessed: ['PaymentProcessed', 'noted', 'noted', 'noted', 'noted'],
  PaymentFailed: ['noted', 'noted', 'noted', 'noted', 'noted'],
  ShipmentCreated: ['Shipped', 'Shipped', 'noted', 'noted', 'noted'],
};
const happenings = Object.keys(ORDER_TRANSITIONS) as Happening[];

for (const happening of happenings) {
  for (const [column, status] of ORDER_STATUSES.entries()) {
    const expected = EXPECTED[happening][column];
    test(`${happening} of an order that is ${status}: ${expected}`, () => {
      assert.equal(transitionOf(happening, status), expected);
    });
  }
}

for (const status of ['Confirmed', 'pending', '', 'constructor']) {
  test(`nothing moves an order from a state that is not ours, '${status}'`, () => {
    assert.equal(transitionOf('CancelOrder', status), 'refused');
    assert.equal(transitionOf('ExpireOrder', status), 'unchanged');
    assert.equal(transitionOf('ShipmentCreated', status), 'noted');
  });
}

const document = readFileSync('docs/orders.md', 'utf8');

test('the table of the document is that of the code', () => {
  const rows = [...document.matchAll(/^\| `(\w+)` \| ((?:\w+ \| ){4}\w+) \|$/gm)].map(
    ([, happening, cells = '']) => [happening, ...cells.split(' | ')],
  );

  assert.ok(document.includes(`| | ${ORDER_STATUSES.join(' | ')} |`));
  assert.deepEqual(
    rows,
    happenings.map((happening) => [
      happening,
      ...ORDER_STATUSES.map((status) => transitionOf(happening, status)),
    ]),
  );
});

test('the picture of the document has just the arrows of the table', () => {
  const arrows = [...document.matchAll(/^ {2}(\w+) --> (\w+): (\w+)$/gm)].map(([, from, to, by]) => [
    by,
    from,
    to,
  ]);
  const moves = happenings.flatMap((happening) =>
    ORDER_STATUSES.map((from) => [happening, from, transitionOf(happening, from)]).filter(([, , to]) =>
      ORDER_STATUSES.some((status) => status === to),
    ),
  );

  assert.ok(document.includes('  [*] --> Pending\n'));
  assert.deepEqual(arrows, moves);
});
