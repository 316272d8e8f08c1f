import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OrderRows } from '../../../relay/outbox/order-rows.ts';
import type { OutboxMessage } from '../../../relay/outbox/outbox-message.ts';
import type { Action } from '../../../relay/session/action.ts';
import type { Redrive } from '../../../relay/session/parked-orders.ts';
import { DEFAULT_LIMITS, type RelayLimits } from '../../../relay/session/relay-limits.ts';
import { RelayState } from '../../../relay/session/relay-state.ts';
import type { Refusal } from '../../../relay/session/send-queue.ts';
import { prepareInMemory } from '../../support/memory-publisher.ts';
import { outboxMessage } from '../outbox/outbox-messages.ts';

const MAX_BATCH_BYTES = 1_000_000;
const MARK_AT = DEFAULT_LIMITS.markAfterMs;

const refusal = (kind: Refusal['kind'], retryAfterMs = 0): Refusal => ({
  kind,
  message: 'refused',
  retryAfterMs,
});

interface Options {
  readonly limits?: Partial<RelayLimits>;
  readonly settledLsn?: bigint;
  readonly markedLsn?: bigint;
  readonly parkedOrders?: readonly string[];
}

function openState({
  limits,
  settledLsn = 10n,
  markedLsn = 0n,
  parkedOrders = [],
}: Options = {}): RelayState {
  const random = () => 1; // the longest wait, so that what is due when can be told exactly
  return new RelayState({
    limits: {
      ...DEFAULT_LIMITS,
      maxInFlight: 6,
      maxBytesSinceOldest: 8 * 1024 * 1024,
      oneOrderPerBatch: false,
      ...limits,
    },
    random,
    settledLsn,
    markedLsn,
    parkedOrders,
    prepare: prepareInMemory,
  });
}

function receive(state: RelayState, commitLsn: bigint, ...messages: OutboxMessage[]): void {
  state.begin(commitLsn, Number(commitLsn));
  for (const message of messages) state.insert(message);
  state.commit(commitLsn + 1n);
}

function next<K extends Action['kind']>(
  state: RelayState,
  now: number,
  kind: K,
): Extract<Action, { kind: K }> {
  const action = state.next(now, MAX_BATCH_BYTES);
  assert.equal(action?.kind, kind);
  return action as Extract<Action, { kind: K }>;
}

function idle(state: RelayState, now: number): void {
  assert.equal(state.next(now, MAX_BATCH_BYTES), undefined);
}

const ids = (messages: readonly { message: { messageId: string } }[]) =>
  messages.map(({ message }) => message.messageId);
const STORED = { again: [], progressStored: true };
const NOT_STORED = { again: [], progressStored: false };

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

test('what comes later of an order that is parked waits in the table, and the WAL need not keep it', () => {
  const state = openState({ parkedOrders: ['A'] });
  receive(state, 20n, outboxMessage('1', 'A'), outboxMessage('2', 'B'));

  assert.deepEqual(ids(next(state, 0, 'send').batch), ['2']);
  const { mark } = next(state, 0, 'mark');
  assert.deepEqual([mark.as, ids(mark.messages)], ['parked', ['1']]);
});

const rows = (messages: readonly OutboxMessage[], more: Partial<OrderRows> = {}): OrderRows => ({
  messages,
  isAll: true,
  refusedBefore: new Set(),
  endsAtParked: false,
  readUpTo: 0n,
  isVisible: () => true,
  ...more,
});

/** The one redrive whose order is to be read now. */
function nextRead(state: RelayState, now: number): Redrive {
  const { redrives } = next(state, now, 'read');
  assert.equal(redrives.length, 1);
  return redrives[0] as Redrive;
}

/** A transaction in which an operator asks for an order. */
function ask(state: RelayState, commitLsn: bigint, aggregateId: string): void {
  state.begin(commitLsn, Number(commitLsn));
  state.redrive({ aggregateId });
  state.commit(commitLsn + 1n);
}

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
