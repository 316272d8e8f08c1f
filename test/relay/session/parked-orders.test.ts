import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ParkedOrders } from '../../../relay/session/parked-orders.ts';
import { type Pending, toPending } from '../../../relay/session/pending.ts';
import { prepareInMemory } from '../../support/memory-publisher.ts';
import { outboxMessage } from '../outbox/outbox-messages.ts';
import { rows } from './relay-state-stage.ts';

const at = (commitLsn: bigint) => ({ commitLsn, xid: Number(commitLsn), unsettled: 0, endLsn: commitLsn });
const message = (id: string, commitLsn: bigint): Pending =>
  toPending(
    { message: outboxMessage(id, 'A'), transaction: at(commitLsn), wasRefused: false },
    { prepare: prepareInMemory, destinations: [], limits: { oneOrderPerBatch: false } },
  );

function askedAndRead(readUpTo: bigint) {
  const orders = new ParkedOrders(['A']);
  orders.redrive({ target: { aggregateId: 'A' }, order: 'A', transaction: at(20n) });
  const [redrive] = orders.nextToRead(0, () => 0);
  assert.ok(redrive);
  orders.read(redrive, rows([outboxMessage('1', 'A')], { readUpTo }), 0);
  return orders;
}

test('what was read from the table is known until the stream is past the place up to which it was read', () => {
  const orders = askedAndRead(30n);
  orders.finish('A', false);

  orders.passed(30n);
  assert.equal(orders.route(message('1', 30n)), 'known');
  orders.passed(31n);
  assert.equal(orders.route(message('1', 31n)), 'send');
});

test('while the order waits, what was read of it is known wherever the stream is', () => {
  const orders = askedAndRead(30n);

  orders.passed(40n);

  assert.equal(orders.route(message('1', 40n)), 'known');
});
