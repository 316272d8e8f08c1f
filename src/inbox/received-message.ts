import type { TraceContext } from '../messages/trace-context.ts';

/** A message that came in, in words that are not the broker's. What the sender did not set is undefined. */
export interface ReceivedMessage {
  readonly messageId: string | undefined;
  readonly type: string | undefined;
  /** The bytes as they were sent. */
  readonly body: Buffer;
  /** Whose events are handled one after the other: the session, else the property `aggregateId`. */
  readonly aggregateId: string | undefined;
  /** The property `aggregateVersion`: 1 for the first event of its aggregate, one more for each that follows. */
  readonly aggregateVersion: number | undefined;
  readonly correlationId: string | undefined;
  /** The property `causationId`: the message or request that caused it. */
  readonly causationId?: string | undefined;
  readonly userId: string | undefined;
  /** The other properties, `schemaVersion` among them. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly trace: TraceContext | undefined;
  /** 1 the first time. */
  readonly deliveryCount: number;
  readonly sequenceNumber: bigint;
  readonly enqueuedAt: Date;
}
