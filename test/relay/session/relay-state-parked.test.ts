import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pending } from '../../../relay/session/pending.ts';
import { DEFAULT_LIMITS } from '../../../relay/session/relay-limits.ts';
import type { RelayState } from '../../../relay/session/relay-state.ts';
import { outboxMessage } from '../outbox/outbox-messages.ts';

import {
  ask,
  idle,
  ids,
  MARK_AT,
  MAX_BATCH_BYTES,
  next,
  nextRead,
  openState,
  receive,
  refusal,
  rows,
  STORED,
} from './relay-state-stage.ts';

test('what comes later of an order that is parked waits in the table, and the WAL need not keep it', () => {
  const state = openState({ parkedOrders: ['A'] });
  receive(state, 20n, outboxMessage('1', 'A'), outboxMessage('2', 'B'));

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['2']);
  const { mark } = next(state, 0, 'mark');
  assert.deepEqual([mark.as, ids(mark.messages)], ['parked', ['1']]);
});

test('an order that is sent again goes on with the rows of the table, then with what the stream has brought', () => {
  const state = openState({ parkedOrders: ['A'] });
  ask(state, 20n, 'A');
  receive(state, 30n, outboxMessage('3', 'A'), outboxMessage('other', 'B'));
  const redrive = nextRead(state, 0);
  assert.deepEqual(redrive.target, { aggregateId: 'A' });
  assert.deepEqual(ids(next(state, 0, 'send').batch), ['other']);

  state.read(redrive, rows([outboxMessage('1', 'A'), outboxMessage('2', 'A')]), 0);

  const { batch } = next(state, 0, 'send');
  assert.deepEqual([ids(batch), state.figures.parkedOrders], [['1', '2', '3'], 0]);
  assert.equal(state.handledLsn, 10n, 'the request is done when what it asked for is settled');
  state.accepted(batch, 0);
  state.marked(next(state, MARK_AT, 'mark').mark, STORED, MARK_AT);
  assert.equal(state.storedLsn, 21n);
});

test('a row that the table had already shown is not sent again when the stream brings it', () => {
  const state = openState({ parkedOrders: ['A'] });
  ask(state, 20n, 'A');
  const redrive = nextRead(state, 0);
  state.read(redrive, rows([outboxMessage('1', 'A'), outboxMessage('2', 'A')], { readUpTo: 30n }), 0);
  state.accepted(next(state, 0, 'send').batch, 0);

  receive(state, 30n, outboxMessage('2', 'A'), outboxMessage('3', 'A'));

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['3']);
});

test('the table is read when everything before the request is settled, and again while the request cannot be seen', () => {
  const state = openState();
  receive(state, 20n, outboxMessage('1', 'A'));
  ask(state, 30n, 'A');
  state.accepted(next(state, 0, 'send').batch, 0);
  state.marked(next(state, MARK_AT, 'mark').mark, STORED, MARK_AT);
  const redrive = nextRead(state, MARK_AT);
  idle(state, MARK_AT);

  state.read(redrive, rows([], { isVisible: () => false }), MARK_AT);

  idle(state, MARK_AT);
  const wakeAt = state.wakeAt(MARK_AT) ?? assert.fail('nothing wakes it');
  next(state, wakeAt, 'read');
});

test('a row that the table had shown and that is still being looked up is not sent again', () => {
  const state = openState({ parkedOrders: ['A'], markedLsn: 50n });
  ask(state, 20n, 'A');
  const redrive = nextRead(state, 0);
  state.read(redrive, rows([outboxMessage('1', 'A'), outboxMessage('2', 'A')], { readUpTo: 55n }), 0);
  receive(state, 50n, outboxMessage('2', 'A'));
  const { messages } = next(state, 0, 'verify');
  receive(state, 60n, outboxMessage('3', 'A'));

  state.verified(messages, new Set());

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['1', '2', '3']);
});

test('an order is not read before the transaction that asks for it has arrived whole', () => {
  const state = openState({ parkedOrders: ['A'] });
  state.begin(20n, 1);
  state.redrive({ aggregateId: 'A' });
  idle(state, 0);
  state.commit(21n);

  nextRead(state, 0);
});

test('an order that is sent again waits for what is unsettled of its own, and for that of no other', () => {
  const state = openState({ parkedOrders: ['B'] });
  receive(state, 20n, outboxMessage('1', 'A'));
  const { batch } = next(state, 0, 'send');
  ask(state, 30n, 'A');
  ask(state, 40n, 'B');

  const redrive = nextRead(state, 0);
  assert.equal(redrive.order, 'B');
  state.read(redrive, rows([]), 0);
  idle(state, 0);

  state.accepted(batch, 0);
  state.marked(next(state, MARK_AT, 'mark').mark, STORED, MARK_AT);
  assert.equal(nextRead(state, MARK_AT).order, 'A');
});

test('nothing more is read from the table while a whole batch of it is on its way', () => {
  const state = openState({ parkedOrders: ['A', 'B'], limits: { maxBatchCount: 2 } });
  ask(state, 20n, 'A');
  const redrive = nextRead(state, 0);
  ask(state, 30n, 'B');
  state.read(redrive, rows([outboxMessage('1', 'A'), outboxMessage('2', 'A')]), 0);
  state.accepted(next(state, 0, 'send').batch, 0);
  idle(state, 0);

  state.marked(next(state, MARK_AT, 'mark').mark, STORED, MARK_AT);

  assert.equal(nextRead(state, MARK_AT).order, 'B');
});

for (const [what, hold] of [
  [
    'their rows are locked',
    (state, batch) => {
      state.accepted(batch, 0);
      const { mark } = next(state, MARK_AT, 'mark');
      state.marked(mark, { again: [], locked: mark.messages, progressStored: false }, MARK_AT);
    },
  ],
  ['the broker refuses them', (state, batch) => state.rejected(batch, refusal('refused'), 0)],
] satisfies [string, (state: RelayState, batch: readonly Pending[]) => unknown][])
  test(`a whole batch of what was read holds up no other order while ${what}`, () => {
    const state = openState({ parkedOrders: ['A', 'B'], limits: { maxBatchCount: 2 } });
    ask(state, 20n, 'A');
    const redrive = nextRead(state, 0);
    ask(state, 30n, 'B');
    state.read(redrive, rows([outboxMessage('1', 'A'), outboxMessage('2', 'A')]), 0);

    hold(state, next(state, 0, 'send').batch);

    assert.equal(nextRead(state, MARK_AT).order, 'B');
  });

test('thousands of orders that are asked for at once are read many at a time, and others go between them', () => {
  const orders = Array.from({ length: 15_000 }, (_, n) => `${n}`);
  const state = openState({ parkedOrders: orders });
  state.begin(20n, 1);
  for (const aggregateId of orders) state.redrive({ aggregateId });
  state.commit(21n);
  let reads = 0;
  const sent: string[] = [];

  for (let now = 0; sent.length <= orders.length; ) {
    const action = state.next(now, MAX_BATCH_BYTES);
    if (action?.kind === 'read') {
      reads++;
      for (const redrive of action.redrives)
        state.read(redrive, rows([outboxMessage(redrive.order, redrive.order)]), now);
      if (reads === 1) receive(state, 30n, outboxMessage('unrelated', 'unrelated'));
    } else if (action?.kind === 'send') {
      sent.push(...ids(action.batch));
      state.accepted(action.batch, now);
    } else if (action?.kind === 'mark') state.marked(action.mark, STORED, now);
    else now = state.wakeAt(now) ?? assert.fail('nothing wakes it');
  }

  assert.equal(reads, 150);
  assert.deepEqual(new Set(sent), new Set([...orders, 'unrelated']));
  assert.ok(sent.indexOf('unrelated') < 3 * DEFAULT_LIMITS.maxBatchCount);
});

test('a row before the request that was only looked up after it does not wait for it', () => {
  // It was put aside for the request, which waited for it: neither ever came.
  const state = openState({ parkedOrders: ['A'], markedLsn: 20n });
  receive(state, 20n, outboxMessage('1', 'A'));
  const { messages } = next(state, 0, 'verify');
  ask(state, 30n, 'A');

  state.verified(messages, new Set());

  const { mark } = next(state, 0, 'mark');
  assert.deepEqual([mark.as, ids(mark.messages)], ['parked', ['1']]);
  state.marked(mark, STORED, 0);
  next(state, 0, 'read');
});

test('more rows than fit are read in turns, and the order is open after the last', () => {
  const state = openState({ parkedOrders: ['A'] });
  ask(state, 20n, 'A');
  receive(state, 30n, outboxMessage('3', 'A'));
  state.read(nextRead(state, 0), rows([outboxMessage('1', 'A')], { isAll: false }), 0);
  state.accepted(next(state, 0, 'send').batch, 0);
  state.marked(next(state, MARK_AT, 'mark').mark, STORED, MARK_AT);

  state.read(nextRead(state, MARK_AT), rows([outboxMessage('2', 'A')]), MARK_AT);

  assert.deepEqual(ids(next(state, MARK_AT, 'send').batch), ['2', '3']);
});

test('an order with another message parked stays parked behind that', () => {
  const state = openState({ parkedOrders: ['A'] });
  ask(state, 20n, 'A');
  receive(state, 30n, outboxMessage('3', 'A'));
  state.read(nextRead(state, 0), rows([outboxMessage('1', 'A')], { endsAtParked: true }), 0);

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['1']);
  const { mark } = next(state, 0, 'mark');
  assert.deepEqual([mark.as, ids(mark.messages), state.figures.parkedOrders], ['parked', ['3'], 1]);
});

test('a row of the very transaction that asks for its order does not wait for itself', () => {
  const state = openState({ parkedOrders: ['A'] });
  state.begin(20n, 1);
  state.redrive({ aggregateId: 'A' });
  state.insert(outboxMessage('1', 'A'));
  state.commit(21n);

  const { mark } = next(state, 0, 'mark');
  assert.deepEqual([mark.as, ids(mark.messages)], ['parked', ['1']]);
  state.marked(mark, STORED, 0);
  state.read(nextRead(state, 0), rows([outboxMessage('1', 'A')]), 0);

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['1']);
});
