import type { OutboxMessage } from '../outbox/outbox-message.ts';

/** How much a broker takes at once. */
export interface PublisherLimits {
  /** The most bytes, by `sizeOf`, that one batch may have. */
  readonly maxBatchBytes: number;
  /** How many sends at once get the most out of it. */
  readonly maxInFlight: number;
  /** How much may have been sent since the oldest send that is not answered, by `sizeOf`. */
  readonly maxBytesSinceOldest: number;
  /** A batch may hold messages of one order only. */
  readonly oneOrderPerBatch: boolean;
}

/** Where messages go. One contract for every broker; test/relay/publishing/publisher-contract.ts holds each to it. */
export interface Publisher {
  /** What people call the broker, for logs and advice. */
  readonly name: string;
  /** As they are now: a connection may tell of others. */
  readonly limits: PublisherLimits;
  /** The bytes that a message takes of a batch at most, and little less. Asks nobody. */
  sizeOf(message: OutboxMessage): number;
  /**
   * Connects ahead of the first send, so that it need not wait for that; rejects as a send would. `anew`: over a new
   * connection, which shows that the broker can be reached now.
   */
  connect(anew?: boolean): Promise<void>;
  /**
   * Resolves when the broker has accepted all of the batch. Rejects with a PublishError, at the latest ten seconds after it
   * could connect. A batch is accepted as a whole or not at all; after a rejection with an unknown outcome it may have been.
   */
  send(batch: readonly OutboxMessage[]): Promise<void>;
  close(): Promise<void>;
}
