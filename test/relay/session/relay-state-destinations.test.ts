import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RelayState } from '../../../relay/session/relay-state.ts';
import { outboxMessage } from '../outbox/outbox-messages.ts';
import { idle, ids, NOT_STORED, next, openState, receive, refusal, STORED } from './relay-state-stage.ts';

const DESTINATIONS = ['orders', 'log'];
const STUCK_MS = 30_000;

/** `order` and the destination, as in `message('1', 'A', 'log')`. */
const message = (id: string, order: string, destination: string) => outboxMessage(id, order, { destination });

/** Refuses each batch for `log`, and accepts what else is sent, until nothing is left to do now. */
function workOn(state: RelayState, now: number): string[] {
  const sent: string[] = [];
  for (let action = state.next(now, 1_000_000); action; action = state.next(now, 1_000_000)) {
    if (action.kind === 'mark') state.marked(action.mark, STORED, now);
    if (action.kind !== 'send') continue;
    sent.push(...ids(action.batch));
    if (action.batch[0]?.destination === 'log') state.rejected(action.batch, refusal('operator'), now);
    else state.accepted(action.batch, now);
  }
  return sent;
}

test('a destination that refuses is paused alone, and named', () => {
  const state = openState({ destinations: DESTINATIONS });
  receive(state, 20n, message('1', 'A', 'log'), message('2', 'B', 'orders'));

  assert.deepEqual(workOn(state, 0), ['1', '2']);
  receive(state, 30n, message('3', 'C', 'orders'), message('4', 'D', 'log'), message('5', 'A', 'orders'));

  assert.deepEqual(workOn(state, 1), ['3']);
  assert.deepEqual(state.figures.away, new Map([['log', 1]]));
  assert.deepEqual(workOn(state, 100), ['1', '4']);
});

test('each destination has as many batches in flight as one alone', () => {
  const limits = { maxInFlight: 1, maxBatchCount: 1 };
  const state = openState({ destinations: DESTINATIONS, limits });
  receive(state, 20n, message('1', 'A', 'orders'), message('2', 'B', 'orders'), message('3', 'C', 'log'));

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['1']);
  assert.deepEqual(ids(next(state, 0, 'send').batch), ['3']);
  idle(state, 0);
});

test('what is for a destination that takes nothing for long is parked while others take theirs', () => {
  const state = openState({ destinations: DESTINATIONS });
  receive(state, 20n, message('1', 'A', 'log'), message('2', 'A', 'orders'));
  workOn(state, 0);
  receive(state, 30n, message('3', 'B', 'orders'));
  let now = 1;
  for (; now < STUCK_MS; now = state.wakeAt(now) ?? assert.fail('nothing wakes it')) workOn(state, now);
  const { batch } = next(state, now, 'send');
  state.rejected(batch, refusal('operator'), now);

  const { mark } = next(state, now, 'mark');

  assert.deepEqual([mark.as, ids(mark.messages)], ['parked', ['1', '2']]);
  assert.deepEqual(
    mark.messages.map(({ parked }) => parked),
    [{ reason: 'log takes nothing: refused', again: 'away' }, undefined],
  );
  state.marked(mark, STORED, now);
  assert.equal(state.storedLsn, 31n);
});

test('a broker of which no destination takes anything parks nothing, however long that lasts', () => {
  const state = openState({ destinations: DESTINATIONS, limits: { maxUnsettled: 2 } });
  receive(state, 20n, message('1', 'A', 'log'), message('2', 'B', 'orders'));

  for (let now = 0; now < 10 * STUCK_MS; now = state.wakeAt(now) ?? assert.fail('nothing wakes it')) {
    for (let action = state.next(now, 1_000_000); action; action = state.next(now, 1_000_000)) {
      assert.equal(action.kind, 'send');
      if (action.kind === 'send') state.rejected(action.batch, refusal('transient'), now);
    }
  }

  assert.deepEqual([...state.figures.away.keys()], DESTINATIONS);
});

test('with no room to read on, what is for a destination that takes nothing makes room', () => {
  const state = openState({ destinations: DESTINATIONS, limits: { maxUnsettled: 2 } });
  receive(state, 20n, message('1', 'A', 'log'), message('2', 'B', 'log'));
  let now = 0;
  for (; now < STUCK_MS; now = state.wakeAt(now) ?? assert.fail('nothing wakes it')) workOn(state, now);

  workOn(state, now);

  assert.deepEqual([state.backlog.count, state.backlog.isFull], [0, false]);
});

test('a destination that only rows name is one like the others', () => {
  const state = openState();
  receive(state, 20n, outboxMessage('1', 'A'), message('2', 'A', 'elsewhere'));

  const { batch } = next(state, 0, 'send');
  assert.deepEqual(ids(batch), ['1']);
  idle(state, 0);
  state.accepted(batch, 0);
  assert.deepEqual(ids(next(state, 0, 'send').batch), ['2']);
  state.marked(next(state, 50, 'mark').mark, NOT_STORED, 50);
});
