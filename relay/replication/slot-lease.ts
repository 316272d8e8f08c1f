import pg from 'pg';
import { sessionKind } from '../../src/core/session-settings.ts';
import { Lease } from './lease.ts';

/** The server's process that streams to this relay, and how long it waits for a status; 0: for ever. */
export interface WalSender {
  readonly pid: number;
  readonly timeoutMs: number;
}

const ANSWER_WITHIN_MS = 2_000;

/**
 * The lease on the slot, renewed by asking the server which status of this relay's it has received last. What arrives on the
 * stream proves nothing: a relay that was frozen, or has paused reading, finds there what the server said before it gave up.
 */
export class SlotLease {
  readonly #lease: Lease;
  readonly #sender: WalSender;
  /** A connection of its own, made again when it fails: the relay's others may be waiting for a lock. */
  readonly #pool: pg.Pool;
  #asking = false;
  #senderGone = false;
  #lastError: unknown;

  /** `startedAt`: before the server was asked to stream, by the monotonic clock. Whoever makes it closes it. */
  constructor(url: string, sender: WalSender, startedAt: number) {
    this.#lease = new Lease(startedAt, sender.timeoutMs);
    this.#sender = sender;
    const { config, prepare } = sessionKind({
      url,
      applicationName: 'relay lease',
      connectTimeoutMs: ANSWER_WITHIN_MS,
      statementTimeoutMs: ANSWER_WITHIN_MS,
      lockTimeoutMs: ANSWER_WITHIN_MS,
      idleInTransactionTimeoutMs: ANSWER_WITHIN_MS,
    });
    this.#pool = new pg.Pool({
      ...config,
      max: 1,
      query_timeout: ANSWER_WITHIN_MS,
      onConnect: prepare as (client: pg.ClientBase) => void, // the pool waits for it, which its types do not know
    });
    this.#pool.on('error', this.#note);
    this.#pool.on('connect', (client) => client.on('error', this.#note));
  }

  /** False from the moment at which the server may have given the slot to another relay. */
  get isHeld(): boolean {
    return !this.#senderGone && this.#lease.isHeld(performance.now());
  }

  /** What kept it from being renewed the last time. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Renews it when the answer comes; to be called every second or so. */
  renew(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#ask()
      .catch(this.#note)
      .finally(() => {
        this.#asking = false;
      });
  }

  /** Waits for nobody: half open, its connection would not end. */
  close(): void {
    this.#pool.end().catch(this.#note);
  }

  async #ask(): Promise<void> {
    const askedAt = performance.now();
    const { rows } = await this.#pool.query<{ status: string | null }>(
      'SELECT reply_time::text AS status FROM pg_stat_replication WHERE pid = $1',
      [this.#sender.pid],
    );
    const [row] = rows;
    // Without pg_read_all_stats the server does not say which. Then it has to be enough that its process is there.
    if (row) this.#lease.answered(askedAt, row.status ?? `unknown at ${askedAt}`);
    else this.#senderGone = true;
  }

  readonly #note = (error: unknown): void => {
    this.#lastError = error;
  };
}
