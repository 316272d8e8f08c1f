import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outboxMessage } from '../outbox/outbox-messages.ts';

import { idle, ids, NOT_STORED, next, openState, receive, refusal, STORED } from './relay-state-stage.ts';

test('a send begun before a refusal does not end the wait that the refusal asked for', () => {
  // While the service throttled, each batch that it still took let the next ones out at once.
  const state = openState({ limits: { maxBatchCount: 1 } });
  receive(state, 20n, outboxMessage('1', 'A'), outboxMessage('2', 'B'), outboxMessage('3', 'C'));
  const { batch: first } = next(state, 0, 'send');
  const { batch: second } = next(state, 0, 'send');

  state.rejected(first, refusal('transient', 2_000), 10);
  state.accepted(second, 20);

  next(state, 2_009, 'mark');
  idle(state, 2_009);
  assert.deepEqual(ids(next(state, 2_010, 'send').batch), ['1']);
  idle(state, 2_010); // and then one at a time
});

test('after a refusal it waits, then feels with one batch at a time whether the broker is back', () => {
  const state = openState({ limits: { maxBatchCount: 1 } });
  receive(state, 20n, outboxMessage('1', 'A'), outboxMessage('2', 'B'), outboxMessage('3', 'C'));
  const { batch } = next(state, 0, 'send');

  const retryAt = state.rejected(batch, refusal('transient'), 0);

  assert.equal(retryAt, 100);
  assert.equal(state.figures.failures, 1);
  idle(state, 99);
  assert.equal(state.wakeAt(0), 100);
  const { batch: probe } = next(state, 100, 'send');
  assert.deepEqual(ids(probe), ['1']);
  idle(state, 100);
  state.accepted(probe, 110);
  assert.equal(state.figures.failures, 0);
  next(state, 110, 'send');
  next(state, 110, 'send');
});

test('refusals in a row make the wait longer, one round of them only once', () => {
  const state = openState({ limits: { maxBatchCount: 1 } });
  receive(state, 20n, outboxMessage('1', 'A'), outboxMessage('2', 'B'));
  const { batch: first } = next(state, 0, 'send');
  const { batch: second } = next(state, 0, 'send');

  assert.equal(state.rejected(first, refusal('operator'), 0), 100);
  assert.equal(state.rejected(second, refusal('operator'), 1), 100);
  const { batch: probe } = next(state, 100, 'send');

  assert.equal(state.rejected(probe, refusal('operator'), 100), 300);
});

test('of a batch that can never pass each message is tried alone, and only the bad one is parked', () => {
  const state = openState();
  receive(state, 20n, outboxMessage('bad', 'A'), outboxMessage('good', 'B'), outboxMessage('after', 'A'));
  state.rejected(next(state, 0, 'send').batch, refusal('poison'), 0);

  const { batch: bad } = next(state, 0, 'send');
  assert.deepEqual(ids(bad), ['bad']);
  const { batch: good } = next(state, 0, 'send');
  assert.deepEqual(ids(good), ['good']);
  assert.equal(state.rejected(bad, refusal('poison'), 0), undefined);
  state.accepted(good, 0);

  assert.deepEqual([state.figures.parkedOrders, state.figures.failures], [1, 0]);
  const { mark: accepted } = next(state, 0, 'mark');
  assert.deepEqual([accepted.as, ids(accepted.messages)], ['accepted', ['good']]);
  state.marked(accepted, STORED, 0);
  const { mark: parked } = next(state, 0, 'mark');
  assert.deepEqual([parked.as, ids(parked.messages), parked.settledLsn], ['parked', ['bad', 'after'], 21n]);
  assert.deepEqual(
    parked.messages.map(({ parked: why }) => why?.reason),
    ['refused', undefined],
  );
  state.marked(parked, STORED, 0);
  assert.deepEqual([state.backlog.count, state.storedLsn], [0, 21n]);
  idle(state, 1_000_000);
});

test('what waits behind a row that is locked is not marked before it, however often that is tried', () => {
  // The row was tried by itself and then came last: what waits behind it stood in the table as waiting for nothing.
  const state = openState({ limits: { markCount: 1, maxBatchCount: 1 } });
  receive(state, 20n, outboxMessage('bad', 'A'), outboxMessage('behind', 'A'));
  state.rejected(next(state, 0, 'send').batch, refusal('poison'), 0);

  for (let now = 0, tries = 0; tries < 3; tries++) {
    const { mark } = next(state, now, 'mark');
    assert.deepEqual(ids(mark.messages), ['bad']);
    state.marked(mark, { ...NOT_STORED, locked: mark.messages }, now);
    now = state.wakeAt(now) ?? assert.fail('nothing wakes it');
  }
});

test('rows that stay locked after they were accepted do not keep others from being parked, nor the other way', () => {
  const state = openState({ limits: { maxBatchCount: 1 } });
  receive(state, 20n, outboxMessage('good', 'A'), outboxMessage('bad', 'B'));
  state.accepted(next(state, 0, 'send').batch, 0);
  state.rejected(next(state, 0, 'send').batch, refusal('poison'), 0);
  const tried: string[] = [];

  for (let now = 0; tried.length < 6; now = state.wakeAt(now) ?? assert.fail('nothing wakes it')) {
    const { mark } = next(state, now, 'mark');
    tried.push(...ids(mark.messages));
    state.marked(mark, { ...NOT_STORED, locked: mark.messages }, now);
  }

  assert.deepEqual(tried.slice(2), ['good', 'bad', 'good', 'bad']);
});
