import assert from 'node:assert/strict';
import type { OrderRows } from '../../../relay/outbox/order-rows.ts';
import type { OutboxMessage } from '../../../relay/outbox/outbox-message.ts';
import type { Action } from '../../../relay/session/action.ts';
import type { Redrive } from '../../../relay/session/parked-orders.ts';
import { DEFAULT_LIMITS, type RelayLimits } from '../../../relay/session/relay-limits.ts';
import { RelayState } from '../../../relay/session/relay-state.ts';
import type { Refusal } from '../../../relay/session/send-queue.ts';
import { prepareInMemory, USUAL_DESTINATION } from '../../support/memory-publisher.ts';

// A RelayState on its own, with what tests ask of it.

export const MAX_BATCH_BYTES = 1_000_000;
export const MARK_AT = DEFAULT_LIMITS.markAfterMs;

export const refusal = (kind: Refusal['kind'], retryAfterMs = 0): Refusal => ({
  kind,
  message: 'refused',
  retryAfterMs,
});

export interface Options {
  readonly limits?: Partial<RelayLimits>;
  readonly settledLsn?: bigint;
  readonly markedLsn?: bigint;
  readonly parkedOrders?: readonly string[];
  readonly destinations?: readonly string[];
}

export function openState({
  limits,
  settledLsn = 10n,
  markedLsn = 0n,
  parkedOrders = [],
  destinations = [USUAL_DESTINATION],
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
    destinations,
    settledLsn,
    markedLsn,
    parkedOrders,
    prepare: prepareInMemory,
  });
}

export function receive(state: RelayState, commitLsn: bigint, ...messages: OutboxMessage[]): void {
  state.begin(commitLsn, Number(commitLsn));
  for (const message of messages) state.insert(message);
  state.commit(commitLsn + 1n);
}

export function next<K extends Action['kind']>(
  state: RelayState,
  now: number,
  kind: K,
): Extract<Action, { kind: K }> {
  const action = state.next(now, MAX_BATCH_BYTES);
  assert.equal(action?.kind, kind);
  return action as Extract<Action, { kind: K }>;
}

export function idle(state: RelayState, now: number): void {
  assert.equal(state.next(now, MAX_BATCH_BYTES), undefined);
}

export const ids = (messages: readonly { message: { messageId: string } }[]) =>
  messages.map(({ message }) => message.messageId);
export const STORED = { again: [], progressStored: true };
export const NOT_STORED = { again: [], progressStored: false };

export const rows = (messages: readonly OutboxMessage[], more: Partial<OrderRows> = {}): OrderRows => ({
  messages,
  isAll: true,
  refusedBefore: new Set(),
  endsAtParked: false,
  readUpTo: 0n,
  isVisible: () => true,
  ...more,
});

/** The one redrive whose order is to be read now. */
export function nextRead(state: RelayState, now: number): Redrive {
  const { redrives } = next(state, now, 'read');
  assert.equal(redrives.length, 1);
  return redrives[0] as Redrive;
}

/** A transaction in which an operator asks for an order. */
export function ask(state: RelayState, commitLsn: bigint, aggregateId: string): void {
  state.begin(commitLsn, Number(commitLsn));
  state.redrive({ aggregateId });
  state.commit(commitLsn + 1n);
}
