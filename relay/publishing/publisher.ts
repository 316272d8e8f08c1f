import type { OutboxMessage } from '../outbox/outbox-message.ts';

/** How much a broker takes at once. */
export interface PublisherLimits {
  /** The most bytes that the messages of one batch may have. */
  readonly maxBatchBytes: number;
  /** How many sends at once get the most out of it. */
  readonly maxInFlight: number;
  /** How many bytes may have been sent since the oldest send that is not answered. */
  readonly maxBytesSinceOldest: number;
  /** A batch may hold messages of one order only. */
  readonly oneOrderPerBatch: boolean;
}

/** A message in the form in which its publisher sends it. */
export interface Prepared {
  /** Where it goes: a name that the publisher knows how to reach. */
  readonly destination: string;
  /** What it takes of a batch. */
  readonly bytes: number;
  /** It fits by itself, and in no batch. */
  readonly alone: boolean;
}

/** Where messages go. One contract for every broker; test/relay/publishing/publisher-contract.ts holds each to it. */
export interface Publisher {
  /** What people call the broker, for logs and advice. */
  readonly name: string;
  /** As they are now: a connection may tell of others. */
  readonly limits: PublisherLimits;
  /** Those that are known beforehand, the usual one first. A message may have another. */
  readonly destinations: readonly string[];
  /** Converts and measures a message, alone. Asks nobody. Throws a PublishError of kind poison for one that no broker of this kind takes. */
  prepare(message: OutboxMessage): Prepared;
  /**
   * Connects ahead of the first send to this destination, so that it need not wait for that; rejects as a send would. `anew`: over a
   * new connection, which shows that it can be reached now.
   */
  connect(destination: string, anew?: boolean): Promise<void>;
  /**
   * Resolves when the broker has accepted all of the batch, which this publisher has prepared, all for one destination. What another
   * destination does is no matter. Rejects with a PublishError, at the
   * latest ten seconds after it could connect. A batch is accepted as a whole or not at all; after a rejection with an unknown
   * outcome it may have been.
   */
  send(batch: readonly Prepared[]): Promise<void>;
  close(): Promise<void>;
}
