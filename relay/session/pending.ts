import type { OutboxMessage } from '../outbox/outbox-message.ts';
import { type MessageTrace, sampledTrace } from '../outbox/sampled-trace.ts';
import { PublishError } from '../publishing/publish-error.ts';
import type { Prepared } from '../publishing/publisher.ts';
import type { Transaction } from './ack-tracker.ts';
import type { LaneMessage } from './lanes.ts';

/** A received message on its way to being settled. */
export interface Pending extends LaneMessage {
  readonly message: MessageKey;
  readonly transaction: Transaction;
  /** Only where it is recorded. */
  readonly trace: MessageTrace | undefined;
  /** What is sent; or why it can never be. */
  readonly prepared: Prepared | PublishError;
  /** Set when a batch with it was refused as a whole. */
  alone: boolean;
  /** How often a broker that lives has said no to it, alone or in a batch. */
  refusals: number;
  /** It was parked for that before, and is tried again: once. */
  readonly wasRefused: boolean;
  /** Why it is parked. */
  parked: Parked | undefined;
  isSettled: boolean;
}

/** The order that a message belongs to; one of no order is an order of its own. */
export function orderOf({ lane, message }: Pick<Pending, 'lane' | 'message'>): string {
  return lane ?? message.messageId;
}

/** What tells messages apart, and says to which order they belong. */
export type MessageKey = Pick<OutboxMessage, 'messageId' | 'aggregateId'>;

export interface Parked {
  readonly reason: string;
  /**
   * When the relay itself tries it again. never: it waits for a person. refused: after longer and longer times. away: after a
   * minute, since it was not refused itself, but its destination takes nothing.
   */
  readonly again: 'never' | 'refused' | 'away';
}

/** Converts a message for the broker. Throws for one that can never be sent. */
export type Prepare = (message: OutboxMessage) => Prepared;

interface Taken extends Pick<Pending, 'transaction' | 'wasRefused'> {
  readonly message: OutboxMessage;
}

export interface PendingOptions {
  readonly prepare: Prepare;
  readonly limits: { readonly oneOrderPerBatch: boolean };
  /** Those that are known beforehand, the usual one first. */
  readonly destinations: readonly string[];
}

/** What cannot be converted takes its place among the messages of its order, and is parked when it is its turn. */
export function toPending(taken: Taken, { prepare, limits, destinations }: PendingOptions): Pending {
  const { message, transaction, wasRefused } = taken;
  const { messageId, aggregateId, body } = message;
  const prepared = tryToPrepare(message, prepare);
  const { destination, bytes, alone } =
    prepared instanceof PublishError
      ? { destination: destinations[0] ?? '', bytes: body.length, alone: true }
      : prepared;
  return {
    message: { messageId, aggregateId },
    transaction,
    trace: sampledTrace(message),
    lane: aggregateId ?? (limits.oneOrderPerBatch ? messageId : undefined),
    prepared,
    destination,
    bytes,
    alone: alone || wasRefused,
    refusals: 0,
    wasRefused,
    parked: undefined,
    isSettled: false,
  };
}

function tryToPrepare(message: OutboxMessage, prepare: Prepare): Prepared | PublishError {
  if (message.fault !== undefined) {
    return new PublishError(message.fault, { kind: 'poison', code: 'MESSAGE_INVALID' });
  }
  try {
    return prepare(message);
  } catch (error) {
    if (error instanceof PublishError) return error;
    return new PublishError(String(error), { kind: 'poison', code: 'MESSAGE_INVALID', cause: error });
  }
}
