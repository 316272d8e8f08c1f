import type { Fate, HandlingObserver } from '../handling/handler.ts';
import type { ReceivedMessage } from '../received-message.ts';
import type { ReceiverObserver } from '../receiving/reception.ts';
import type { HandleMessage } from '../settlement.ts';
import { ConsumerFigures, type ToldError, toldError } from './consumer-figures.ts';
import { type Blocked, findBlocker, STALLED_AFTER_MS } from './find-blocker.ts';
import { INBOX_STATES, type InboxPhase, type InboxState } from './inbox-states.ts';

/** What the inbox is doing and has done, for whoever asks. Written by its parts, read by the health server. */
export class InboxMonitor implements HandlingObserver, ReceiverObserver {
  phase: InboxPhase = 'starting';
  /** By the names of the consumers, in the order in which they are configured. */
  readonly consumers: ReadonlyMap<string, ConsumerFigures>;
  databaseAwaySince: Date | undefined;
  #databaseError: ToldError | undefined;
  /** Rows of each consumer that wait in the table for a person; undefined while the database does not tell. */
  waiting: ReadonlyMap<string, number> | undefined;
  deletedRows = 0;
  readonly #types: ReadonlySet<string>;
  readonly #stalledAfterMs: number;

  /** `types`: of the events that are consumed. `stalledAfterMs`: another time than the usual one. */
  constructor(consumers: Iterable<string>, types: Iterable<string>, stalledAfterMs = STALLED_AFTER_MS) {
    this.#stalledAfterMs = stalledAfterMs;
    this.#types = new Set(types);
    this.consumers = new Map(
      Array.from(consumers, (name) => [name, new ConsumerFigures([...this.#types, 'other'])]),
    );
  }

  /** The same, and counted. */
  observing(handle: HandleMessage): HandleMessage {
    return async (consumer, message, lost) => {
      const figures = this.of(consumer);
      figures.begun(message);
      const settlement = await handle(consumer, message, lost);
      figures.ended(message, settlement);
      return settlement;
    };
  }

  became(consumer: string, { type, enqueuedAt }: ReceivedMessage, fate: Fate): void {
    const figures = this.of(consumer);
    figures.count(type !== undefined && this.#types.has(type) ? type : 'other', fate);
    // Of two clocks, one may be ahead.
    if (fate === 'handled') figures.latency.add(Math.max(0, Date.now() - enqueuedAt.getTime()) / 1_000);
  }

  failed(consumer: string, error: unknown): void {
    this.of(consumer).failed(error);
  }

  away(consumer: string, error: unknown): void {
    this.of(consumer).awaySince ??= new Date();
    this.failed(consumer, error);
  }

  databaseAway(error: unknown): void {
    this.databaseAwaySince ??= new Date();
    this.#databaseError = toldError(error);
  }

  connected(consumer: string): void {
    this.of(consumer).isConnected = true;
  }

  receives(consumer: string): void {
    this.of(consumer).awaySince = undefined;
  }

  idle(consumer: string): void {
    this.receives(consumer);
  }

  of(consumer: string): ConsumerFigures {
    const figures = this.consumers.get(consumer);
    if (!figures) throw new Error(`There is no consumer ${consumer}`);
    return figures;
  }

  /** The phase; or who is away. */
  get state(): InboxState {
    if (this.phase !== 'receiving') return this.phase;
    if (this.databaseAwaySince) return 'database-away';
    const consumers = [...this.consumers.values()];
    if (consumers.some(({ awaySince }) => awaySince)) return 'broker-away';
    return consumers.every(({ isConnected }) => isConnected) ? 'receiving' : 'connecting';
  }

  get blocked(): Blocked | undefined {
    return findBlocker(this.consumers, this.databaseAwaySince, Date.now(), this.#stalledAfterMs);
  }

  /** It receives, and what it has received moves. */
  get isReady(): boolean {
    return INBOX_STATES[this.state].ready && this.blocked === undefined;
  }

  /** The last error of the database and all consumers, and whether it is over: the inbox is ready since. */
  get lastError() {
    const [last] = [{ lastError: this.#databaseError }, ...this.consumers.values()]
      .flatMap(({ lastError }) => lastError ?? [])
      .sort((one, other) => other.at.getTime() - one.at.getTime());
    return last && { ...last, isOver: this.isReady };
  }
}
