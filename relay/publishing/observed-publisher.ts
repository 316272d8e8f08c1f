import type { OutboxMessage } from '../outbox/outbox-message.ts';
import { PublishError } from './publish-error.ts';
import type { Prepared, Publisher, PublisherLimits } from './publisher.ts';

interface Away {
  readonly since: number;
  /** Nothing but connecting has failed since then. */
  readonly onlyUnreachable: boolean;
}

/** A publisher that remembers since when a destination has taken nothing, also from one session to the next. */
export class ObservedPublisher implements Publisher {
  readonly #publisher: Publisher;
  readonly #now: () => number;
  readonly #away = new Map<string, Away>();
  #acceptedAt = Number.NEGATIVE_INFINITY;

  constructor(publisher: Publisher, now: () => number) {
    this.#publisher = publisher;
    this.#now = now;
  }

  /**
   * The longest that a destination has taken nothing, while no other has taken anything either. Undefined when the last send
   * succeeded, or none has failed.
   */
  get awayForMs(): number | undefined {
    const since = [...this.#away.values()].map((away) => away.since).filter((at) => at >= this.#acceptedAt);
    return since.length === 0 ? undefined : this.#now() - Math.min(...since);
  }

  /** Counts from the next failure on. */
  forget(): void {
    this.#away.clear();
  }

  get name(): string {
    return this.#publisher.name;
  }

  get limits(): PublisherLimits {
    return this.#publisher.limits;
  }

  get destinations(): readonly string[] {
    return this.#publisher.destinations;
  }

  prepare(message: OutboxMessage): Prepared {
    return this.#publisher.prepare(message);
  }

  /** That it can be reached does not mean that it takes anything; but what only could not be reached is there again. */
  async connect(destination: string, anew?: boolean): Promise<void> {
    await this.#observe(destination, () => this.#publisher.connect(destination, anew));
    if (this.#away.get(destination)?.onlyUnreachable) this.#away.delete(destination);
  }

  /** Resolves when one of the known destinations can be reached now; rejects with why the usual one cannot. */
  async connectToAny(): Promise<void> {
    const tries = await Promise.allSettled(this.destinations.map((each) => this.connect(each, true)));
    const [usual] = tries;
    if (usual?.status === 'rejected' && tries.every(({ status }) => status === 'rejected'))
      throw usual.reason;
  }

  /** Tries each destination that is away again: what comes of it is known afterwards. */
  async tryAway(): Promise<void> {
    await Promise.allSettled([...this.#away.keys()].map((each) => this.connect(each, true)));
  }

  async send(batch: readonly Prepared[]): Promise<void> {
    const destination = batch[0]?.destination ?? '';
    await this.#observe(destination, () => this.#publisher.send(batch));
    this.#away.delete(destination);
    this.#acceptedAt = this.#now();
  }

  async #observe(destination: string, work: () => Promise<void>): Promise<void> {
    const begunAt = this.#now();
    try {
      await work();
    } catch (error) {
      // A broker that refuses a message is there, and a message that can never pass says nothing about it.
      const isOfMessage =
        error instanceof PublishError && (error.kind === 'poison' || error.kind === 'refused');
      if (!isOfMessage) {
        const isUnreachable = error instanceof PublishError && error.code === 'BROKER_UNREACHABLE';
        const { since, onlyUnreachable } = this.#away.get(destination) ?? {
          since: begunAt,
          onlyUnreachable: true,
        };
        this.#away.set(destination, { since, onlyUnreachable: isUnreachable && onlyUnreachable });
      }
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#publisher.close();
  }
}
