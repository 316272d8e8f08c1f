import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { backoffMs } from '../../core/backoff.ts';
import type { Logger } from '../../core/log.ts';
import { pause } from '../../core/pause.ts';
import type { Connection, Connections } from './connections.ts';
import { peek } from './peek.ts';
import type { ReceiveError } from './receive-error.ts';
import type { Source } from './source.ts';
import { toReceiveError } from './to-receive-error.ts';

/** Is told, by the name of the consumer, how its receiving goes; each time it changes, and perhaps more often. */
export interface ReceiverObserver {
  /** The broker has answered on a new connection. Whether anything can be received is not known yet. */
  connected?(consumer: string): void;
  /** Something was received. */
  receives(consumer: string): void;
  /** The broker answers, and has nothing. */
  idle(consumer: string): void;
  /** Nothing can be received; it is tried again. */
  away(consumer: string, error: ReceiveError): void;
}

export interface ReceptionDeps {
  readonly source: Source;
  readonly connections: Connections;
  readonly observer: ReceiverObserver;
  readonly log: Logger;
  /** Silence after which the broker is asked whether it has something. */
  readonly deafAfterMs: number;
  readonly stopping: AbortSignal;
  readonly random?: () => number;
}

/** Of a session or a lock that somebody else has, to go on with another one. */
const AFTER_LOST_MS = 100;

/** How receiving for one consumer goes: its failures, and until when nothing more is to be received. */
export class Reception {
  readonly source: Source;
  readonly connections: Connections;
  readonly #deps: ReceptionDeps;
  #failures = 0;
  #awayFor: string | undefined;
  #pausedUntil = 0;
  #failedUntil = 0;
  #heardAt = performance.now();
  #inHand = 0;
  /** What the broker showed first: where to look from, since the SDK goes on behind what it has shown. */
  #shown: ServiceBusReceivedMessage | undefined;

  constructor(deps: ReceptionDeps) {
    this.#deps = deps;
    this.source = deps.source;
    this.connections = deps.connections;
  }

  /** Whether nothing more is to be received for a while. */
  get isPaused(): boolean {
    return performance.now() < this.#pausedUntil;
  }

  /** Resolves when something may be received, or when it is stopping. */
  async ready(): Promise<void> {
    while (this.isPaused && !this.#deps.stopping.aborted) {
      await pause(this.#pausedUntil - performance.now(), this.#deps.stopping);
    }
  }

  /** Nothing more is received for so long. */
  pauseFor(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms);
  }

  /** Something is in hand, until `handled`. */
  received(): void {
    this.#inHand++;
    this.#heardAt = performance.now();
    this.#isWell();
    this.#deps.observer.receives(this.source.name);
  }

  handled(): void {
    this.#inHand--;
    this.#heardAt = performance.now();
  }

  /** The broker has nothing for this receiver. */
  idle(connection: Connection): void {
    if (connection.isRetired || this.#deps.stopping.aborted) return;
    this.#isWell();
    this.#deps.observer.idle(this.source.name);
  }

  /**
   * Nothing has come. After a long silence the broker is asked; if it has something or does not answer, everything is made anew: a
   * receiver can go deaf. What it has may be locked by others; then this was for nothing.
   */
  async silent(connection: Connection): Promise<void> {
    const { deafAfterMs, log } = this.#deps;
    if (this.#inHand > 0 || performance.now() - this.#heardAt < deafAfterMs) {
      this.idle(connection);
      return;
    }
    this.#heardAt = performance.now();
    const shown = await peek(connection.client, this.source, this.#shown);
    this.#shown ??= shown;
    if (!shown) {
      this.idle(connection);
      return;
    }
    log.info('Nothing was received, and Service Bus has messages; the connection is made anew');
    this.connections.retire(connection);
  }

  /** Resolves when it may be tried again. Never rejects. */
  async failed(error: unknown, connection?: Connection): Promise<void> {
    const failure = toReceiveError(error);
    const { stopping } = this.#deps;
    if (stopping.aborted) return;
    if (failure.kind === 'lost') {
      this.#deps.log.debug({ err: failure }, 'A lock was lost, or a session is taken; others go on');
      await pause(AFTER_LOST_MS, stopping);
      return;
    }
    if (failure.kind === 'none' && connection) {
      await this.silent(connection).catch((unanswered: unknown) => this.failed(unanswered, connection));
      return;
    }
    // Of a connection that is given up already, and while others wait for the same trouble to pass, it is no news.
    const isNews = connection?.isRetired !== true && performance.now() >= this.#failedUntil;
    if (connection && failure.code !== 'ServiceBusy') this.connections.retire(connection);
    if (isNews) this.#wait(failure);
    await this.ready();
  }

  #wait(failure: ReceiveError): void {
    const { random = Math.random, observer, log } = this.#deps;
    this.#failures++;
    const waitMs = Math.max(failure.retryAfterMs, backoffMs(this.#failures, random));
    this.pauseFor(waitMs);
    this.#failedUntil = performance.now() + waitMs;
    observer.away(this.source.name, failure);
    if (this.#awayFor === failure.code) return;
    this.#awayFor = failure.code;
    log.warn({ err: failure, code: failure.code }, 'Nothing can be received; trying again until it can');
  }

  #isWell(): void {
    this.#failures = 0;
    if (this.#awayFor === undefined) return;
    this.#awayFor = undefined;
    this.#deps.log.info('It can be received again');
  }
}
