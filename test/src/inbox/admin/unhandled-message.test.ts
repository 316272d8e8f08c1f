import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  byAggregate,
  isMeant,
  type Selection,
  type UnhandledMessage,
} from '../../../../src/inbox/admin/unhandled-message.ts';

const message: UnhandledMessage = {
  place: 'dead-letter',
  consumer: 'inventory/order-service',
  messageId: 'm1',
  sequenceNumber: 7n,
  type: 'InventoryInsufficient',
  aggregateId: 'o1',
  deliveryCount: 1,
  since: new Date(),
  reason: 'BODY_INVALID: /orderId is missing',
};

const CASES: [Selection, boolean][] = [
  [{}, true],
  [{ id: 'm1' }, true],
  [{ id: '7' }, true],
  [{ id: 'm2' }, false],
  [{ consumer: 'inventory/order-service', type: 'InventoryInsufficient', aggregateId: 'o1' }, true],
  [{ consumer: 'inventory' }, false],
  [{ type: 'InventoryReleased' }, false],
  [{ aggregateId: 'o2' }, false],
  [{ reasonHas: 'body_invalid' }, true],
  [{ reasonHas: 'missing', aggregateId: 'o2' }, false],
  [{ reasonHas: 'malformed' }, false],
];

for (const [selection, meant] of CASES) {
  test(`${JSON.stringify(selection)} ${meant ? 'means' : 'does not mean'} the message`, () => {
    assert.equal(isMeant(selection, message), meant);
  });
}

test('messages of an aggregate belong together, those without one to nobody', () => {
  const of = (parts: Partial<UnhandledMessage>): UnhandledMessage => ({ ...message, ...parts });
  const [a1, b, a2, other] = [
    of({ messageId: '1' }),
    of({ messageId: '2', aggregateId: 'o2' }),
    of({ messageId: '3' }),
    of({ messageId: '4', consumer: 'payments/order-service' }),
  ];
  const alone = [5n, 6n].map((sequenceNumber) =>
    of({ messageId: undefined, aggregateId: undefined, sequenceNumber }),
  );

  assert.deepEqual(byAggregate([a1, b, a2, other, ...alone]), [
    [a1, a2],
    [b],
    [other],
    ...alone.map((one) => [one]),
  ]);
});
