import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outboxMessage } from '../outbox/outbox-messages.ts';

import {
  idle,
  ids,
  MARK_AT,
  MAX_BATCH_BYTES,
  NOT_STORED,
  next,
  openState,
  receive,
  STORED,
} from './relay-state-stage.ts';

test('a row beyond the fence waits for the rows before it that are just being looked up', () => {
  // It went straight to the broker, before the earlier event of its own order that was being looked up.
  const state = openState({ markedLsn: 20n });
  receive(state, 20n, outboxMessage('first', 'A'));
  const { messages } = next(state, 0, 'verify');
  receive(state, 30n, outboxMessage('second', 'A'));
  idle(state, 0);

  state.verified(messages, new Set());

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['first', 'second']);
});

test('the mark of a batch that missed a row is remembered for a restart, also while an older transaction is blocked', () => {
  // It was stored only when the progress moved: after a clean stop, what had been marked since was sent again.
  const state = openState({ settledLsn: 10n });
  receive(state, 20n, outboxMessage('blocked', 'A'));
  next(state, 0, 'send'); // and is not answered
  receive(state, 30n, outboxMessage('sent', 'B'));
  state.accepted(next(state, 0, 'send').batch, 0);

  const { mark } = next(state, MARK_AT, 'mark');
  state.marked(mark, NOT_STORED, MARK_AT); // its row was deleted meanwhile

  const { mark: onlyProgress } = next(state, MARK_AT, 'mark');
  assert.deepEqual(onlyProgress, {
    as: 'accepted',
    messages: [],
    settledLsn: 10n,
    markedLsn: 30n,
    skipLocked: false,
  });
  state.marked(onlyProgress, STORED, MARK_AT);
  idle(state, MARK_AT);
});

test('messages that have gathered go in one batch, and as many batches fly as may', () => {
  const state = openState({ limits: { maxBatchCount: 2, maxInFlight: 2 } });
  receive(state, 20n, ...['1', '2', '3', '4', '5'].map((id) => outboxMessage(id)));

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['1', '2']);
  assert.deepEqual(ids(next(state, 0, 'send').batch), ['3', '4']);
  idle(state, 0);
});

test('messages are sent before their commit has arrived, as what is streamed has committed', () => {
  const state = openState();
  state.begin(20n, 1);
  state.insert(outboxMessage('1', 'A'));

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['1']);
});

test('with sessions a message of no order has a batch of its own', () => {
  const state = openState({ limits: { oneOrderPerBatch: true } });
  receive(state, 20n, outboxMessage('1'), outboxMessage('2'));

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['1']);
  assert.deepEqual(ids(next(state, 0, 'send').batch), ['2']);
});

test('marks are gathered for a while, and wake it in time', () => {
  const state = openState();
  receive(state, 20n, outboxMessage('1', 'A'));
  receive(state, 30n, outboxMessage('2', 'B'));
  receive(state, 40n, outboxMessage('3', 'A'));
  state.accepted(next(state, 0, 'send').batch, 5);

  idle(state, 5 + MARK_AT - 1);
  assert.equal(state.wakeAt(5), 5 + MARK_AT);

  const { mark } = next(state, 5 + MARK_AT, 'mark');
  assert.deepEqual([ids(mark.messages), mark.settledLsn, mark.markedLsn], [['1', '2', '3'], 41n, 40n]);
  assert.equal(state.wakeAt(5 + MARK_AT), undefined);
});

test('enough of them are marked at once, and one mark is under way at a time', () => {
  const state = openState({ limits: { markCount: 2 } });
  receive(state, 20n, outboxMessage('1'), outboxMessage('2'), outboxMessage('3'));
  state.accepted(next(state, 0, 'send').batch, 0);

  const { mark } = next(state, 0, 'mark');
  assert.deepEqual(ids(mark.messages), ['1', '2']);
  idle(state, 1_000);
  state.marked(mark, STORED, 1_000);

  assert.deepEqual(ids(next(state, 1_000, 'mark').mark.messages), ['3']);
});

test('a position is told as stored only after a mark has stored it', () => {
  const state = openState({ settledLsn: 10n });
  receive(state, 20n, outboxMessage('1', 'A'));
  state.accepted(next(state, 0, 'send').batch, 0);
  const { mark } = next(state, MARK_AT, 'mark');
  assert.equal(state.storedLsn, 10n);

  state.marked(mark, STORED, MARK_AT);

  assert.equal(state.storedLsn, 21n);
  assert.equal(state.handledLsn, 21n);
  assert.equal(state.backlog.count, 0);
});

test('a mark does not claim a transaction whose other messages are still under way', () => {
  const state = openState({ settledLsn: 10n, limits: { maxBatchCount: 1 } });
  receive(state, 20n, outboxMessage('1', 'A'), outboxMessage('2', 'B'));
  state.accepted(next(state, 0, 'send').batch, 0);
  next(state, 0, 'send');

  assert.equal(next(state, MARK_AT, 'mark').mark.settledLsn, 10n);
});

test('a row that could not be marked yet is marked again, a little later and not at once', () => {
  const state = openState({ settledLsn: 10n });
  receive(state, 20n, outboxMessage('1', 'A'), outboxMessage('2', 'B'));
  state.accepted(next(state, 0, 'send').batch, 0);
  const { mark } = next(state, MARK_AT, 'mark');

  state.marked(mark, { again: mark.messages.slice(1), progressStored: false }, MARK_AT);

  assert.equal(state.backlog.count, 1);
  idle(state, MARK_AT);
  const wakeAt = state.wakeAt(MARK_AT) ?? assert.fail('nothing wakes it');
  assert.ok(wakeAt > MARK_AT);
  const { mark: again } = next(state, wakeAt, 'mark');
  assert.deepEqual([ids(again.messages), again.settledLsn], [['2'], 21n]);
});

test('a transaction without messages moves the stored position by itself', () => {
  const state = openState({ settledLsn: 10n });
  receive(state, 20n);

  const { mark } = next(state, 0, 'mark');

  assert.deepEqual(mark, { as: 'accepted', messages: [], settledLsn: 21n, markedLsn: 0n, skipLocked: false });
});

test('what the table knows as settled is not sent again', () => {
  const state = openState({ settledLsn: 10n, markedLsn: 30n });
  receive(state, 20n, outboxMessage('sent before', 'A'), outboxMessage('not sent', 'A'));

  const { messages } = next(state, 0, 'verify');
  state.verified(messages, new Set(['sent before']));

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['not sent']);
  assert.equal(state.backlog.count, 1);
});

test('beyond the fence nothing is looked up', () => {
  const state = openState({ markedLsn: 30n });
  receive(state, 31n, outboxMessage('1', 'A'));

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['1']);
});

for (const [what, limits] of [
  ['messages', { maxUnsettled: 2 }],
  ['bytes', { maxUnsettledBytes: 900 }],
] as const) {
  test(`it is full with so many unsettled ${what}, and no more once they are settled`, () => {
    const state = openState({ limits });
    receive(state, 20n, outboxMessage('1', 'A'));
    assert.equal(state.backlog.isFull, false);
    receive(state, 30n, outboxMessage('2', 'A'), outboxMessage('3', 'A'));
    assert.equal(state.backlog.isFull, true);

    state.accepted(next(state, 0, 'send').batch, 0);
    assert.equal(state.backlog.isFull, true);
    state.marked(next(state, MARK_AT, 'mark').mark, STORED, MARK_AT);

    assert.equal(state.backlog.isFull, false);
  });
}

test('no more than 8 MiB are sent after a batch that is not answered', () => {
  const state = openState({ limits: { maxBatchCount: 1, maxUnsettledBytes: Infinity } });
  const body = Buffer.alloc(1024 * 1024 - 4 * 1024);
  for (let n = 0; n < 20; n++) receive(state, 20n + 10n * BigInt(n), outboxMessage(`${n}`, `${n}`, { body }));
  const unanswered = next(state, 0, 'send').batch;

  let sent = 1;
  for (; ; sent++) {
    const action = state.next(0, MAX_BATCH_BYTES);
    if (action?.kind !== 'send') break;
    state.accepted(action.batch, 0);
  }

  assert.equal(sent, 9);
  state.accepted(unanswered, 0);
  assert.deepEqual(ids(next(state, 0, 'send').batch), ['9']);
});

test('a stop begins no send, waits for those in flight, and marks them at once', () => {
  const state = openState({ limits: { maxBatchCount: 1, maxInFlight: 1 } });
  receive(state, 20n, outboxMessage('1', 'A'), outboxMessage('2', 'B'));
  const { batch } = next(state, 0, 'send');

  state.drain();

  idle(state, 0);
  assert.equal(state.isDrained, false);
  state.accepted(batch, 1);
  assert.equal(state.isDrained, false);
  const { mark } = next(state, 1, 'mark');
  assert.equal(state.isDrained, false);
  state.marked(mark, STORED, 2);
  idle(state, 2);
  assert.equal(state.isDrained, true);
});

test('a stop with nothing in flight is done', () => {
  const state = openState();
  receive(state, 20n, outboxMessage('1', 'A'));

  state.drain();

  idle(state, 0);
  assert.equal(state.isDrained, true);
});

test("the server's position counts while nothing is unsettled, and not past a transaction that is under way", () => {
  const state = openState({ settledLsn: 10n });
  state.keepalive(50n);
  assert.equal(state.handledLsn, 50n);

  state.begin(60n, 1);
  state.keepalive(70n);
  assert.equal(state.handledLsn, 50n);
  state.insert(outboxMessage('1', 'A'));
  state.commit(61n);
  state.keepalive(80n);

  assert.equal(state.handledLsn, 50n);
});

test('an idle position is stored when it has moved far enough, once a second, and its own storing is the end of it', () => {
  const state = openState({ settledLsn: 0n });
  state.keepalive(2_047n);
  idle(state, 0);
  state.keepalive(10_000n);

  const { mark } = next(state, 0, 'mark');
  assert.deepEqual(mark, {
    as: 'accepted',
    messages: [],
    settledLsn: 10_000n,
    markedLsn: 0n,
    skipLocked: false,
  });
  state.marked(mark, STORED, 1);
  assert.equal(state.storedLsn, 10_000n);

  state.keepalive(10_400n); // what the storing itself has written
  idle(state, 5_000);
  state.keepalive(20_000n);
  state.marked(next(state, 5_000, 'mark').mark, STORED, 5_001);
  state.keepalive(90_000n);
  idle(state, 5_999);
  next(state, 6_000, 'mark');
});

test('what is not repeated: up to what is stored, and further where the stream has brought nothing since', () => {
  const state = openState({ settledLsn: 10n });
  state.keepalive(1_000n); // too near to be stored
  assert.deepEqual([state.storedLsn, state.unrepeatedLsn], [10n, 1_000n]);

  receive(state, 2_000n, outboxMessage('1', 'A'));
  state.keepalive(3_000n);
  state.accepted(next(state, 0, 'send').batch, 0);
  assert.equal(state.unrepeatedLsn, 1_000n);

  const { mark } = next(state, MARK_AT, 'mark');
  state.marked(mark, NOT_STORED, MARK_AT);
  state.keepalive(4_000n);
  assert.equal(state.unrepeatedLsn, 10n, 'a restart would bring it again');

  state.marked(next(state, MARK_AT, 'mark').mark, STORED, MARK_AT);
  assert.equal(state.unrepeatedLsn, 4_000n);
});

test('events out of their order are refused', () => {
  const state = openState();

  assert.throws(() => state.insert(outboxMessage('1')), /[Oo]utside of a transaction/);
  assert.throws(() => state.commit(20n), /[Oo]utside of a transaction/);
});
