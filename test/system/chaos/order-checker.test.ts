import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tutorialOrder } from '../../support/orders.ts';
import { checkOrders, type StoredOrder } from './order-checker.ts';
import type { PlacedOrder } from './order-clients.ts';
import type { Committed } from './witness.ts';

const placed: PlacedOrder = {
  key: 'k1',
  request: tutorialOrder(),
  created: 'ok',
  orderId: 'o1',
  cancelled: 'ok',
};
const stored: StoredOrder = {
  orderId: 'o1',
  key: 'k1',
  status: 'Cancelled',
  items: ['prod-456 2 19.99', 'prod-789 1 49.99'],
};
const events = ['OrderCreated', 'OrderCancelled'];

function found(
  order: Partial<PlacedOrder>,
  inDatabase: readonly StoredOrder[],
  types: readonly string[] = events,
): string[] {
  const committed = types.map((messageType, n): Committed => {
    return { messageId: `m${n}`, messageType, aggregateId: 'o1', body: '{}', committedAt: n };
  });
  return checkOrders([{ ...placed, ...order }], inDatabase, committed).map(({ kind }) => kind);
}

test('an acknowledged order that is there with its items and events is as it should be', () => {
  assert.deepEqual(found({}, [stored]), []);
  assert.deepEqual(found({ created: 'info', orderId: undefined, cancelled: undefined }, [], []), []);
});

test('an acknowledged order that is not there is missing', () => {
  assert.deepEqual(found({}, []), ['order missing']);
  assert.deepEqual(found({ orderId: 'o2' }, [stored]), ['order missing']);
});

test('an order with other items, another status or not exactly its events is wrong', () => {
  assert.deepEqual(found({}, [{ ...stored, items: ['prod-456 2 19.99'] }]), ['order wrong']);
  assert.deepEqual(found({}, [{ ...stored, status: 'Pending' }], ['OrderCreated']), ['order wrong']);
  assert.deepEqual(found({}, [stored], ['OrderCancelled']), ['order wrong']);
  assert.deepEqual(found({}, [stored], ['OrderCreated', 'OrderCreated', 'OrderCancelled']), ['order wrong']);
  assert.deepEqual(found({}, [stored], ['OrderCreated']), ['order wrong']);
});

test('two orders for one key are found, also if neither was acknowledged', () => {
  const twin = { ...stored, orderId: 'o2' };

  assert.deepEqual(found({ created: 'info', orderId: undefined }, [stored, twin]), ['order twice']);
});

test('an answer that this load can never get is found', () => {
  assert.deepEqual(found({ created: 'fail', cancelled: undefined }, [], []), ['request refused']);
  assert.deepEqual(found({ cancelled: 'fail' }, [stored]), ['request refused']);
});
