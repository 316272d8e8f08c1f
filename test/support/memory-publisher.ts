import type { OutboxMessage } from '../../relay/outbox/outbox-message.ts';
import { PublishError } from '../../relay/publishing/publish-error.ts';
import type { Publisher, PublisherLimits } from '../../relay/publishing/publisher.ts';
import { wireBytes } from '../../relay/publishing/service-bus/wire-size.ts';

/** A publisher whose broker is this process: it keeps what it is sent, and refuses what it is told to refuse. */
export class MemoryPublisher implements Publisher {
  readonly name = 'Memory';
  readonly limits: PublisherLimits;
  /** In the order in which they were accepted, repeats too. */
  readonly accepted: OutboxMessage[] = [];
  /** Asked before each connect, with an empty batch, and before each send; what it returns is thrown. */
  refuse: (batch: readonly OutboxMessage[]) => PublishError | undefined = () => undefined;

  constructor(limits: Partial<PublisherLimits> = {}) {
    this.limits = {
      maxBatchBytes: 250_000,
      maxInFlight: 6,
      maxBytesSinceOldest: 8 * 1024 * 1024,
      oneOrderPerBatch: false,
      ...limits,
    };
  }

  sizeOf(message: OutboxMessage): number {
    return wireBytes(message);
  }

  async connect(): Promise<void> {
    const refusal = this.refuse([]);
    if (refusal) throw refusal;
  }

  async send(batch: readonly OutboxMessage[]): Promise<void> {
    const refusal = this.#tooLarge(batch) ?? this.refuse(batch);
    // A batch whose outcome is unknown was taken, which is the worse of the two.
    if (!refusal || refusal.outcomeUnknown) this.accepted.push(...batch);
    if (refusal) throw refusal;
  }

  async close(): Promise<void> {
    // nothing is open
  }

  #tooLarge(batch: readonly OutboxMessage[]): PublishError | undefined {
    const bytes = batch.reduce((sum, message) => sum + this.sizeOf(message), 0);
    if (bytes <= this.limits.maxBatchBytes) return undefined;
    return new PublishError(`${bytes} bytes are too many`, { kind: 'poison', code: 'MessageSizeExceeded' });
  }
}
