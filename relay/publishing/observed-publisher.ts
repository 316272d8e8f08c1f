import type { OutboxMessage } from '../outbox/outbox-message.ts';
import { PublishError } from './publish-error.ts';
import type { Prepared, Publisher, PublisherLimits } from './publisher.ts';

/** A publisher that remembers since when the broker has taken nothing, also from one session to the next. */
export class ObservedPublisher implements Publisher {
  readonly #publisher: Publisher;
  readonly #now: () => number;
  #awaySince: number | undefined;
  /** Nothing but connecting has failed since then. */
  #onlyUnreachable = false;

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
    this.#onlyUnreachable = false;
  }

  get name(): string {
    return this.#publisher.name;
  }

  get limits(): PublisherLimits {
    return this.#publisher.limits;
  }

  prepare(message: OutboxMessage): Prepared {
    return this.#publisher.prepare(message);
  }

  /** That it can be reached does not mean that it takes anything; but a broker that only could not be reached is there again. */
  async connect(anew?: boolean): Promise<void> {
    await this.#observe(() => this.#publisher.connect(anew));
    if (this.#onlyUnreachable) this.forget();
  }

  async send(batch: readonly Prepared[]): Promise<void> {
    await this.#observe(() => this.#publisher.send(batch));
    this.forget();
  }

  async #observe(work: () => Promise<void>): Promise<void> {
    const begunAt = this.#now();
    try {
      await work();
    } catch (error) {
      // A broker that refuses a message is there, and a message that can never pass says nothing about it.
      const isOfMessage =
        error instanceof PublishError && (error.kind === 'poison' || error.kind === 'refused');
      if (!isOfMessage) {
        const isUnreachable = error instanceof PublishError && error.code === 'BROKER_UNREACHABLE';
        this.#onlyUnreachable = isUnreachable && (this.#awaySince === undefined || this.#onlyUnreachable);
        this.#awaySince ??= begunAt;
      }
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#publisher.close();
  }
}
