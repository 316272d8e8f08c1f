import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Routing, withDestination } from '../../../relay/outbox/routing.ts';

const routing = new Routing('orders', [
  { type: 'OrderCreated', destination: 'created' },
  { type: 'Order*', destination: 'lifecycle' },
  { type: 'Payment*', destination: 'orders' },
]);

const CASES: [type: string, destination: string | undefined, goesTo: string][] = [
  ['OrderCreated', undefined, 'created'],
  ['OrderCreatedAgain', undefined, 'lifecycle'],
  ['Order', undefined, 'lifecycle'],
  ['ordercancelled', undefined, 'orders'],
  ['PaymentFailed', undefined, 'orders'],
  ['Refund', undefined, 'orders'],
  ['OrderCreated', 'elsewhere', 'elsewhere'],
];

for (const [messageType, destination, goesTo] of CASES) {
  test(`${messageType} ${destination ? `with the destination ${destination} ` : ''}goes to ${goesTo}`, () => {
    assert.equal(routing.destinationOf({ messageType, destination }), goesTo);
  });
}

test('a * alone takes what nothing before it does', () => {
  const all = new Routing('orders', [
    { type: 'A', destination: 'a' },
    { type: '*', destination: 'rest' },
  ]);

  assert.deepEqual(
    ['A', 'B'].map((messageType) => all.destinationOf({ messageType, destination: undefined })),
    ['a', 'rest'],
  );
});

test('the destinations that are known beforehand are there once, the usual one first', () => {
  assert.deepEqual(routing.destinations, ['orders', 'created', 'lifecycle']);
});

test('a message is shown with the destination that its type has, where its row has none', () => {
  const shown = withDestination({ messageType: 'OrderPaid', destination: null, retryCount: 1 }, routing);

  assert.deepEqual(shown, { messageType: 'OrderPaid', destination: 'lifecycle', retryCount: 1 });
});
