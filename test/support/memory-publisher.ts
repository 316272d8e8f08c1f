import type { OutboxMessage } from '../../relay/outbox/outbox-message.ts';
import { PublishError } from '../../relay/publishing/publish-error.ts';
import type { Prepared, Publisher, PublisherLimits } from '../../relay/publishing/publisher.ts';

/** What a broker took, as a test sees it. */
export interface Arrival {
  readonly messageId: string | undefined;
  readonly subject: string | undefined;
  readonly body: Buffer;
}

/** A broker that a test can look into: the local one, or this process. */
export interface TestBroker<A extends Arrival = Arrival> {
  readonly journal: { readonly total: number; entries(): readonly A[] };
}

export const USUAL_DESTINATION = 'orders';

export interface MemoryMessage extends Prepared {
  readonly message: OutboxMessage;
}

/** A message for a broker that keeps it as it is. */
export function prepareInMemory(message: OutboxMessage): MemoryMessage {
  const { destination = USUAL_DESTINATION, body } = message;
  return { message, destination, bytes: 300 + body.length, alone: false };
}

/** A publisher whose broker is this process: it keeps what it is sent, and refuses what it is told to refuse. */
export class MemoryPublisher implements Publisher, TestBroker {
  readonly name = 'Memory';
  readonly destinations: readonly string[];
  readonly limits: PublisherLimits;
  /** In the order in which they were accepted, repeats too. */
  readonly accepted: OutboxMessage[] = [];
  /** Asked before each connect, with an empty batch, and before each send; what it returns is thrown. */
  refuse: (batch: readonly OutboxMessage[], destination: string) => PublishError | undefined = () =>
    undefined;
  /** Awaited before each send. */
  before: (batch: readonly OutboxMessage[]) => Promise<void> = async () => undefined;

  constructor(limits: Partial<PublisherLimits> = {}, others: readonly string[] = []) {
    this.destinations = [USUAL_DESTINATION, ...others];
    this.limits = {
      maxBatchBytes: 250_000,
      maxInFlight: 6,
      maxBytesSinceOldest: 8 * 1024 * 1024,
      oneOrderPerBatch: false,
      ...limits,
    };
  }

  prepare(message: OutboxMessage): MemoryMessage {
    return prepareInMemory(message);
  }

  async connect(destination: string): Promise<void> {
    const refusal = this.refuse([], destination);
    if (refusal) throw refusal;
  }

  async send(prepared: readonly MemoryMessage[]): Promise<void> {
    const batch = prepared.map(({ message }) => message);
    await this.before(batch);
    const refusal =
      this.#tooLarge(prepared) ?? this.refuse(batch, prepared[0]?.destination ?? USUAL_DESTINATION);
    // A batch whose outcome is unknown was taken, which is the worse of the two.
    if (!refusal || refusal.outcomeUnknown) this.accepted.push(...batch);
    if (refusal) throw refusal;
  }

  get journal(): TestBroker['journal'] {
    const { accepted } = this;
    const entries = () => accepted.map(({ messageType: subject, ...message }) => ({ ...message, subject }));
    return { total: accepted.length, entries };
  }

  async close(): Promise<void> {
    // nothing is open
  }

  #tooLarge(batch: readonly MemoryMessage[]): PublishError | undefined {
    const bytes = batch.reduce((sum, message) => sum + message.bytes, 0);
    if (bytes <= this.limits.maxBatchBytes) return undefined;
    return new PublishError(`${bytes} bytes are too many`, { kind: 'poison', code: 'MessageSizeExceeded' });
  }
}
