import type { OutboxMessage } from '../outbox/outbox-message.ts';
import { PublishError } from './publish-error.ts';
import type { Publisher, PublisherLimits } from './publisher.ts';

/** A publisher that remembers since when the broker has taken nothing, also from one session to the next. */
export class ObservedPublisher implements Publisher {
  readonly #publisher: Publisher;
  readonly #now: () => number;
  #awaySince: number | undefined;

  constructor(publisher: Publisher, now: () => number) {
    this.#publisher = publisher;
    this.#now = now;
  }

  /** Undefined when the last send succeeded, or none has failed. */
  get awayForMs(): number | undefined {
    return this.#awaySince === undefined ? undefined : this.#now() - this.#awaySince;
  }

  /** Counts from the next failure on. */
  forget(): void {
    this.#awaySince = undefined;
  }

  get name(): string {
    return this.#publisher.name;
  }

  get limits(): PublisherLimits {
    return this.#publisher.limits;
  }

  sizeOf(message: OutboxMessage): number {
    return this.#publisher.sizeOf(message);
  }

  /** That it can be reached does not mean that it takes anything. */
  async connect(anew?: boolean): Promise<void> {
    await this.#observe(() => this.#publisher.connect(anew));
  }

  async send(batch: readonly OutboxMessage[]): Promise<void> {
    await this.#observe(() => this.#publisher.send(batch));
    this.#awaySince = undefined;
  }

  async #observe(work: () => Promise<void>): Promise<void> {
    const begunAt = this.#now();
    try {
      await work();
    } catch (error) {
      // A message that can never pass says nothing about the broker.
      if (!(error instanceof PublishError && error.kind === 'poison')) this.#awaySince ??= begunAt;
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#publisher.close();
  }
}
