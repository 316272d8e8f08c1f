import type { EncodedMessage } from './encoded-message.ts';
import type { ReceiveLimits } from './namespace-config.ts';

/** Where a message stands. A locked one stays `active`: its lock is a thing of its own. */
export type MessageState = 'active' | 'deferred' | 'scheduled';

/** One queue's or subscription's copy of a message; the bytes are shared between the copies. Times in epoch milliseconds. */
export interface StoredMessage {
  readonly encoded: EncodedMessage;
  readonly sessionId: string | undefined;
  readonly enqueuedAt: number;
  readonly expiresAt: number;
  /** The topic's number of it, which all copies share. */
  readonly enqueuedSequenceNumber: number;
  sequenceNumber: number;
  state: MessageState;
  /** How often it was handed out and came back. */
  deliveryCount: number;
  lockToken: string | undefined;
  /** When a scheduled message becomes active. */
  activeAt: number | undefined;
  /** Application properties that an abandon, a deferral or a dead-lettering has set. */
  changedProperties: Record<string, unknown> | undefined;
  deadLetterSource: string | undefined;
}

/** What the sending side knows of a message that a queue takes in. */
export interface Arrival {
  /** The topic's number of it. Default: the queue's own. */
  readonly enqueuedSequenceNumber?: number;
  /** In the future: it is not handed out before. */
  readonly activeAt?: number | undefined;
  /** It goes to the dead letters at once, with these properties that say why. */
  readonly deadLettered?: Record<string, string>;
}

/** A message as a queue with these limits takes it in, under the number that it gives it. */
export function newMessage(
  encoded: EncodedMessage,
  sequenceNumber: number,
  now: number,
  { enqueuedSequenceNumber, activeAt }: Arrival,
  limits: ReceiveLimits,
): StoredMessage {
  const enqueuedAt = activeAt ?? now;
  const timeToLiveMs = encoded.timeToLiveMs ?? Number.POSITIVE_INFINITY;
  return {
    encoded,
    sessionId: limits.requiresSession ? encoded.sessionId : undefined,
    enqueuedAt,
    expiresAt: enqueuedAt + Math.min(timeToLiveMs, limits.defaultTimeToLiveMs),
    enqueuedSequenceNumber: enqueuedSequenceNumber ?? sequenceNumber,
    sequenceNumber,
    state: 'active',
    deliveryCount: 0,
    lockToken: undefined,
    activeAt,
    changedProperties: undefined,
    deadLetterSource: undefined,
  };
}

/** What a receiver decided about a message it has locked. */
export type Settlement =
  | { readonly kind: 'complete' }
  /** Given back, without the delivery being counted: https://github.com/Azure/amqpnetlite/issues/342 */
  | { readonly kind: 'release' }
  | { readonly kind: 'abandon'; readonly properties?: Record<string, unknown> | undefined }
  | { readonly kind: 'defer'; readonly properties?: Record<string, unknown> | undefined }
  | {
      readonly kind: 'deadLetter';
      readonly reason?: string | undefined;
      readonly description?: string | undefined;
      readonly properties?: Record<string, unknown> | undefined;
    };

export function isFreeAndDeferred(message: StoredMessage): boolean {
  return message.state === 'deferred' && message.lockToken === undefined;
}

/** Sets application properties, beside those that were set before. */
export function changeProperties(message: StoredMessage, properties?: Record<string, unknown>): void {
  if (properties !== undefined) message.changedProperties = { ...message.changedProperties, ...properties };
}

/** The message as the dead-letter queue of the queue at `path` holds it: without its session and its end. */
export function deadLetterOf(
  message: StoredMessage,
  path: string,
  now: number,
  properties: Record<string, unknown>,
): StoredMessage {
  changeProperties(message, properties);
  return {
    ...message,
    state: 'active',
    sessionId: undefined,
    enqueuedAt: now,
    expiresAt: Number.POSITIVE_INFINITY,
    activeAt: undefined,
    deadLetterSource: path,
  };
}

/** `alreadyDead`: a dead letter cannot be dead-lettered; it is ready again, and that does not count as a delivery. */
export type SettleResult = 'settled' | 'lockLost' | 'alreadyDead';
