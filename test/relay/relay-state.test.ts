import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutboxMessage } from '../../relay/outbox-message.ts';
import type { PublishFailure } from '../../relay/publishing/publish-failure.ts';
import { DEFAULT_LIMITS, type Effect, type RelayLimits, RelayState } from '../../relay/relay-state.ts';
import { outboxMessage } from './outbox-messages.ts';

const MAX_BATCH_BYTES = 1_000_000;
const MARK_AT = DEFAULT_LIMITS.markAfterMs;

const failure = (kind: PublishFailure['kind'], retryAfterMs = 0): PublishFailure => ({
  kind,
  code: 'Test',
  message: 'refused',
  outcomeUnknown: false,
  retryAfterMs,
});

interface Options {
  readonly limits?: Partial<RelayLimits>;
  readonly settledLsn?: bigint;
  readonly markedLsn?: bigint;
}

function openState({ limits, settledLsn = 10n, markedLsn = 0n }: Options = {}): RelayState {
  const random = () => 1; // the longest wait, so that what is due when can be told exactly
  return new RelayState({
    limits: { ...DEFAULT_LIMITS, sessions: false, ...limits },
    random,
    settledLsn,
    markedLsn,
  });
}

function receive(state: RelayState, commitLsn: bigint, ...messages: OutboxMessage[]): void {
  state.begin(commitLsn, Number(commitLsn));
  for (const message of messages) state.insert(message);
  state.commit(commitLsn + 1n);
}

function next<K extends Effect['kind']>(
  state: RelayState,
  now: number,
  kind: K,
): Extract<Effect, { kind: K }> {
  const effect = state.next(now, MAX_BATCH_BYTES);
  assert.equal(effect?.kind, kind);
  return effect as Extract<Effect, { kind: K }>;
}

function idle(state: RelayState, now: number): void {
  assert.equal(state.next(now, MAX_BATCH_BYTES), undefined);
}

const ids = (messages: readonly { message: OutboxMessage }[]) =>
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
  const { batch: blocked } = next(state, 0, 'send');
  state.rejected(blocked, failure('poison'), 0);
  receive(state, 30n, outboxMessage('sent', 'B'));
  state.accepted(next(state, 0, 'send').batch, 0);

  const { mark } = next(state, MARK_AT, 'mark');
  state.marked(mark, NOT_STORED, MARK_AT); // its row was deleted meanwhile

  const { mark: onlyProgress } = next(state, MARK_AT, 'mark');
  assert.deepEqual(onlyProgress, { messages: [], settledLsn: 10n, markedLsn: 30n });
  state.marked(onlyProgress, STORED, MARK_AT);
  idle(state, MARK_AT);
});

test('a send begun before a refusal does not end the wait that the refusal asked for', () => {
  // While the service throttled, each batch that it still took let the next ones out at once.
  const state = openState({ limits: { maxBatchCount: 1 } });
  receive(state, 20n, outboxMessage('1', 'A'), outboxMessage('2', 'B'), outboxMessage('3', 'C'));
  const { batch: first } = next(state, 0, 'send');
  const { batch: second } = next(state, 0, 'send');

  state.rejected(first, failure('transient', 2_000), 10);
  state.accepted(second, 20);

  next(state, 2_009, 'mark');
  idle(state, 2_009);
  assert.deepEqual(ids(next(state, 2_010, 'send').batch), ['1']);
  idle(state, 2_010); // and then one at a time
});
