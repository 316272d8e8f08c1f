import type { OutboxMessage } from '../outbox/outbox-message.ts';

/** Where messages go. One contract for the Service Bus of Azure and for any other that may come. */
export interface Publisher {
  /** The most bytes, by `wireBytes`, that one batch may have. */
  readonly maxBatchBytes: number;
  /**
   * Connects ahead of the first send, so that it need not wait for that; rejects as a send would. `anew`: over a new
   * connection, which shows that the broker can be reached now.
   */
  connect(anew?: boolean): Promise<void>;
  /**
   * Resolves when the broker has accepted all of the batch. Rejects with what `classifyFailure` understands, at the latest
   * ten seconds after it could connect. A batch is accepted as a whole or not at all; after a rejection with an unknown outcome it may have been accepted.
   */
  send(batch: readonly OutboxMessage[]): Promise<void>;
  close(): Promise<void>;
}
