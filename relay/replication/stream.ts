import { setTimeout as sleep } from 'node:timers/promises';
import { LogicalReplicationService } from 'pg-logical-replication';
import { errorCode } from '../../src/core/errors.ts';
import { sessionKind } from '../../src/core/session-settings.ts';
import { formatLsn, type Lsn, maxLsn } from '../lsn.ts';
import { RelayError } from '../relay-error.ts';
import { limitWait } from './limit-wait.ts';
import type { WalEvent } from './outbox-decoder.ts';
import { OutboxPlugin } from './outbox-plugin.ts';
import { SlotLease } from './slot-lease.ts';
import type { StreamHandler } from './stream-handler.ts';

export interface StreamOptions {
  readonly url: string;
  readonly slot: string;
  readonly publication: string;
  /** The table that is the outbox. */
  readonly outboxOid: number;
  readonly from: Lsn;
  /** Ends the wait for the stream to open. */
  readonly stopping: AbortSignal;
}

/** The server ends a connection that is silent for so long; set by the relay on its own connection. */
const WAL_SENDER_TIMEOUT_MS = 9_000;
const STATUS_EVERY_MS = 1_000;
const LAST_CONFIRMATION_WITHIN_MS = 2_000;
const CLOSE_WITHIN_MS = 2_000;
const SLOT_IN_USE = '55006';

/**
 * The slot's stream, on one connection. It begins paused: nothing comes before a handler is attached and `resume` is called.
 *
 * pg-logical-replication is used for its connection and framing only; as its README shows it, it loses events:
 * `acknowledge(lsn)` confirms lsn + 1 (so it is given lsn - 1 here), its timer and its `auto` mode confirm what was received
 * and not what was handled, and a second `subscribe` on one object resumes from the last received position.
 */
export class WalStream {
  readonly #options: StreamOptions;
  readonly #service: LogicalReplicationService;
  readonly #plugin: OutboxPlugin;
  readonly #ended = Promise.withResolvers<void>();
  readonly #started = Promise.withResolvers<void>();
  #handler: StreamHandler | undefined;
  #copying: Promise<void> | undefined;
  #status: NodeJS.Timeout | undefined;
  #lease: SlotLease | undefined;
  /** What came with the answer to START_REPLICATION, until the first `resume`. */
  #early: (() => void)[] | undefined = [];
  #paused = true;
  #over = false;
  #closed: Promise<void> | undefined;
  #confirmed: Lsn;
  #heardAt = performance.now();
  #askedSince = 0;
  #askedLast = Number.NEGATIVE_INFINITY;
  #pong: (() => void) | undefined;

  /**
   * Opens the stream at a position, within ten seconds. Throws SLOT_BUSY while another relay has the slot, STREAM_LOST for a server
   * that does not answer or when it is `stopping`, and what `pg` throws otherwise.
   */
  static async open(options: StreamOptions): Promise<WalStream> {
    const stream = new WalStream(options);
    try {
      await stream.#start();
      return stream;
    } catch (error) {
      await stream.close();
      if (errorCode(error) !== SLOT_IN_USE) throw error;
      throw new RelayError('SLOT_BUSY', `Another relay has the slot ${options.slot}`, { cause: error });
    }
  }

  private constructor(options: StreamOptions) {
    this.#options = options;
    this.#confirmed = options.from;
    const { config, prepare } = sessionKind({
      url: options.url,
      applicationName: 'relay',
      connectTimeoutMs: 5_000,
      uncheckedText: true,
      settings: { wal_sender_timeout: String(WAL_SENDER_TIMEOUT_MS) },
    });
    this.#plugin = new OutboxPlugin(options.publication, options.outboxOid, prepare, {
      onEvent: (event) => this.#receive(() => this.#onEvent(event)),
      onKeepalive: (lsn, shouldRespond) => this.#receive(() => this.#onKeepalive(lsn, shouldRespond)),
      onError: (error) => this.#fail(error),
    });
    this.#service = new LogicalReplicationService(config, {
      acknowledge: { auto: false, timeoutSeconds: 0 },
      flowControl: { enabled: false },
    });
    this.#ended.promise.catch(() => undefined); // whoever cares awaits it; there may be nobody left to
  }

  /** Resolves after `close`; rejects with the reason when the stream has ended otherwise. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Whether the slot is certainly still this stream's: to be asked right before a send is begun. */
  get holdsSlot(): boolean {
    return !this.#over && this.#lease?.isHeld === true;
  }

  /** How far the slot has been confirmed on this connection. */
  get confirmedLsn(): Lsn {
    return this.#confirmed;
  }

  /** Names who gets the events. Until `resume` there are none. */
  attach(handler: StreamHandler): void {
    this.#handler = handler;
  }

  /** Confirms that everything before this position is settled. Never goes back, where servers before 18 would follow. */
  confirm(lsn: Lsn): void {
    this.#confirm(lsn, false);
  }

  /** Confirms, and waits until the server has taken note, for two seconds at most. */
  async confirmLast(lsn: Lsn): Promise<void> {
    if (this.#over) return;
    const answered = new Promise<void>((resolve) => {
      this.#pong = resolve;
    });
    this.#plugin.resume();
    this.#confirm(lsn, true);
    const ended = this.#ended.promise.catch(() => undefined);
    await Promise.race([answered, ended, sleep(LAST_CONFIRMATION_WITHIN_MS, undefined, { ref: false })]);
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#plugin.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#heardAt = performance.now();
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const handOn of early) handOn();
    this.#plugin.resume();
  }

  /** Resolves when the server has let go of the slot, so that a successor gets it at once; a failed connection is cut. Works twice. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#status);
    this.#lease?.close();
    if (!this.#over) {
      this.#over = true;
      this.#plugin.finish();
      this.#plugin.resume();
      await Promise.race([this.#copying, sleep(CLOSE_WITHIN_MS, undefined, { ref: false })]);
    }
    this.#plugin.cut();
    await this.#service.destroy().catch(() => undefined); // what was wrong with it has been told
    this.#ended.resolve();
  }

  async #start(): Promise<void> {
    const service = this.#service;
    const startedAt = performance.now();
    const fail = (error: unknown) => this.#fail(error);
    service.on('error', fail);
    service.on('start', () => {
      this.#plugin.pause();
      this.#started.resolve();
    });
    this.#copying = service
      .subscribe(this.#plugin, this.#options.slot, formatLsn(this.#options.from))
      .then(() => fail(new RelayError('STREAM_LOST', 'PostgreSQL has ended the stream')), fail);
    const release = limitWait(this.#options.stopping, fail);
    await this.#started.promise.finally(release);
    const { sender } = this.#plugin;
    if (sender) this.#lease = new SlotLease(this.#options.url, sender, startedAt);
    // On a timer, whatever the broker does; with a ping, whose answer shows that the link is not half open.
    this.#status = setInterval(() => this.#tick(), STATUS_EVERY_MS);
  }

  #receive(handOn: () => void): void {
    this.#heardAt = performance.now();
    if (this.#early) this.#early.push(handOn);
    else handOn();
  }

  #onEvent(event: WalEvent): void {
    // After an event that could not be read, the commit that follows it must not count as complete.
    if (!this.#over) this.#handler?.onEvent(event);
  }

  #onKeepalive(lsn: Lsn, shouldRespond: boolean): void {
    this.#pong?.();
    if (this.#over) return;
    this.#handler?.onKeepalive(lsn);
    if (shouldRespond) this.#onAnswerAsked(lsn);
  }

  /** With a status every second, a server asks again and again for an answer only when it stops: it waits until all is confirmed. */
  #onAnswerAsked(lsn: Lsn): void {
    const now = performance.now();
    if (now - this.#askedLast > 3 * STATUS_EVERY_MS) this.#askedSince = now;
    this.#askedLast = now;
    const handled = this.#handler?.handledLsn ?? 0n;
    if (handled >= lsn) this.confirm(handled);
    else if (now - this.#askedSince >= STATUS_EVERY_MS) {
      // What is unsettled comes again after its restart; it must not wait for the broker.
      this.#fail(new RelayError('STREAM_LOST', 'PostgreSQL is stopping'));
    }
  }

  #tick(): void {
    const silentMs = performance.now() - this.#heardAt;
    if (!this.holdsSlot) {
      const cause = this.#lease?.lastError;
      this.#fail(
        new RelayError('STREAM_LOST', 'PostgreSQL may have given the slot to another relay', { cause }),
      );
    } else if (!this.#paused && silentMs > WAL_SENDER_TIMEOUT_MS) {
      this.#fail(new RelayError('STREAM_LOST', `PostgreSQL has been silent for ${Math.round(silentMs)} ms`));
    } else {
      this.#confirm(this.#handler?.storedLsn ?? this.#options.from, true);
      this.#lease?.renew();
    }
  }

  #confirm(lsn: Lsn, ping: boolean): void {
    this.#confirmed = maxLsn(this.#confirmed, lsn);
    // The library writes one more than it is given.
    this.#service
      .acknowledge(formatLsn(this.#confirmed - 1n), ping)
      .catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    this.#over = true;
    this.#started.reject(error);
    this.#ended.reject(error);
  }
}
