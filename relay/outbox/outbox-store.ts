import type pg from 'pg';
import { probe } from '../../src/core/pool.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import { type MarkStatements, markStatements } from './mark-statements.ts';
import { fromTable, type SelectedMessage } from './message-row.ts';
import { type RedriveTarget, TELL_REDRIVE } from './operator-request.ts';
import { type OrderRows, readOrders } from './order-rows.ts';
import { OPEN, PARKED_OR_DEFERRED, SELECT_MESSAGE, UNSETTLED } from './outbox-columns.ts';
import type { OutboxMessage } from './outbox-message.ts';
import type { OutboxTable } from './outbox-table.ts';

export interface MarkRequest {
  readonly slot: string;
  readonly epoch: bigint;
  readonly messageIds: readonly string[];
  /** Stored only if every one of the rows was hit. 0 while the table is still being settled: a restart begins that anew. */
  readonly settledLsn: Lsn;
  readonly markedLsn: Lsn;
  /** What is known to be stored: positions of a database that was set back behind it since are not overwritten. */
  readonly stored: { readonly settledLsn: Lsn; readonly markedLsn: Lsn };
}

/** As `MarkRequest`; for each message the reason why it is parked, or null: then it waits for an operator behind one that is. */
export interface ParkRequest extends MarkRequest {
  readonly reasons: readonly (string | null)[];
  /** Whether the relay itself tries it again: after longer and longer times, or after a minute. */
  readonly again: readonly ('never' | 'refused' | 'away')[];
}

export interface MarkResult {
  /** The rows that were there to be marked. */
  readonly hits: number;
  readonly progressStored: boolean;
}

export interface LookUp {
  readonly snapshot: string;
  readonly present: ReadonlySet<string>;
  readonly settled: ReadonlySet<string>;
  /** Of the settled ones those that are not parked. */
  readonly done: ReadonlySet<string>;
  readonly deferred: ReadonlySet<string>;
}

/** What waits for a broker that has refused it must not come all at once. */
const RETRY_COUNT = 100;
/** What waits for a broker that takes everything may. */
const RETRY_MANY = 1_000;

/** The relay's SQL on the outbox. Every method throws what `pg` throws. */
export class OutboxStore {
  readonly #pool: pg.Pool;
  readonly #table: OutboxTable;
  readonly #statements: MarkStatements;

  constructor(pool: pg.Pool, table: OutboxTable) {
    this.#pool = pool;
    this.#table = table;
    this.#statements = markStatements(table);
  }

  /**
   * Makes the pool find out which of its connections are dead: what has broken one may have left the others half open, and each
   * would cost its next user a time limit. Nobody waits for it.
   */
  probeConnections(): void {
    for (let n = 0; n < this.#pool.options.max; n++) probe(this.#pool).catch(() => undefined); // whoever needs one is told
  }

  /**
   * Marks rows as accepted by the broker and stores the progress, in one statement.
   * A row can be missed: the WAL shows a commit a moment before other sessions see it. `skipLocked`: so can one that another
   * session has locked, and how far marks have come is stored all the same.
   */
  mark(request: MarkRequest, { skipLocked = false } = {}): Promise<MarkResult> {
    return this.#change(skipLocked ? 'markUnlocked' : 'mark', request);
  }

  /**
   * Parks rows, or defers them, and stores the progress, in one statement: all of them or, if one cannot be seen, none; a row
   * that waits behind one that is not parked would wait for ever. Only for the relay of this epoch: another one may have
   * been told meanwhile to send them.
   */
  park(request: ParkRequest): Promise<MarkResult> {
    return this.#change('park', request, request.reasons, request.again);
  }

  async #change(name: keyof MarkStatements, request: MarkRequest, ...more: unknown[]): Promise<MarkResult> {
    const { messageIds, settledLsn, markedLsn, slot, epoch, stored } = request;
    const { rows } = await this.#pool.query<{ hits: number; progressed: number }>({
      name,
      text: this.#statements[name],
      values: [
        uuidArray(messageIds),
        formatLsn(settledLsn),
        formatLsn(markedLsn),
        slot,
        epoch,
        messageIds.length,
        formatLsn(stored.settledLsn),
        formatLsn(stored.markedLsn),
        ...more,
      ],
    });
    return { hits: rows[0]?.hits ?? 0, progressStored: rows[0]?.progressed === 1 };
  }

  /** Which of these rows exist, which are settled, which wait for an operator, and the snapshot in which that is so. */
  async look(messageIds: readonly string[]): Promise<LookUp> {
    const { rows } = await this.#pool.query<
      Record<'present' | 'settled' | 'done' | 'deferred', string[]> & { snapshot: string }
    >(
      `SELECT pg_current_snapshot()::text AS snapshot, coalesce(array_agg(message_id::text), '{}') AS present,
         coalesce(array_agg(message_id::text) FILTER (WHERE NOT (${UNSETTLED})), '{}') AS settled,
         coalesce(array_agg(message_id::text) FILTER (WHERE NOT (${OPEN})), '{}') AS done,
         coalesce(array_agg(message_id::text) FILTER (WHERE deferred_at IS NOT NULL), '{}') AS deferred
       FROM ${this.#table.outbox} WHERE message_id = ANY ($1::uuid[])`,
      [uuidArray(messageIds)],
    );
    const { snapshot = '', present, settled, done, deferred } = rows[0] ?? {};
    return {
      snapshot,
      present: new Set(present),
      settled: new Set(settled),
      done: new Set(done),
      deferred: new Set(deferred),
    };
  }

  /** Tells an operator, in the rows, that sending them keeps failing. */
  async noteFailure(
    messageIds: readonly string[],
    error: string,
    nextRetryAt: Date,
    counts = true,
  ): Promise<void> {
    await this.#pool.query(
      `WITH free AS (
         SELECT message_id FROM ${this.#table.outbox} WHERE message_id = ANY ($1::uuid[]) AND ${UNSETTLED} FOR NO KEY UPDATE SKIP LOCKED
       )
       UPDATE ${this.#table.outbox} AS outbox SET retry_count = retry_count + $4::int, next_retry_at = $2, error_message = $3
       FROM free WHERE outbox.message_id = free.message_id`,
      [uuidArray(messageIds), nextRetryAt, error.slice(0, 2_000), Number(counts)],
    );
  }

  /**
   * Has parked messages whose time has come sent again, as an operator would; returns how many. Only for the relay of this epoch:
   * another one may be at it. `many`: nothing is refused now.
   */
  async retryDue(slot: string, epoch: bigint, many: boolean): Promise<number> {
    const { rowCount } = await this.#pool.query(
      `WITH due AS (
         SELECT message_id FROM ${this.#table.outbox} WHERE parked_at IS NOT NULL AND next_retry_at <= clock_timestamp() AND ${OPEN}
           AND EXISTS (SELECT FROM ${this.#table.progress} WHERE slot = $1 AND epoch = $2)
         ORDER BY position LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED
       ), changed AS (
         UPDATE ${this.#table.outbox} AS outbox SET parked_at = NULL, deferred_at = clock_timestamp(), next_retry_at = NULL
         FROM due WHERE outbox.message_id = due.message_id RETURNING outbox.message_id, aggregate_id
       ) SELECT ${TELL_REDRIVE} FROM changed`,
      [slot, epoch, many ? RETRY_MANY : RETRY_COUNT],
    );
    return rowCount ?? 0;
  }

  /** The orders with a message that is parked, or that only waits to be sent again. */
  async parkedOrders(): Promise<string[]> {
    const { rows } = await this.#pool.query<{ id: string }>(
      `SELECT DISTINCT aggregate_id AS id FROM ${this.#table.outbox} WHERE ${PARKED_OR_DEFERRED} AND aggregate_id IS NOT NULL`,
    );
    return rows.map(({ id }) => id);
  }

  /** See `readOrders`. */
  readOrders(targets: readonly RedriveTarget[]): Promise<OrderRows[]> {
    return readOrders(this.#pool, this.#table, targets);
  }

  /** Those of the rows at these positions that are still unsettled, in order. */
  async readAt(positions: readonly bigint[]): Promise<OutboxMessage[]> {
    const { rows } = await this.#pool.query<SelectedMessage>(
      `SELECT ${SELECT_MESSAGE} FROM ${this.#table.outbox} WHERE position = ANY ($1::bigint[]) AND ${UNSETTLED} ORDER BY position`,
      [positions],
    );
    return rows.map(fromTable);
  }

  /** As pg_current_snapshot prints it. */
  async snapshot(): Promise<string> {
    const { rows } = await this.#pool.query<{ snapshot: string }>('SELECT pg_current_snapshot() AS snapshot');
    return rows[0]?.snapshot ?? '';
  }
}

/** As PostgreSQL reads it: pg would quote and escape each, which ids need not. */
function uuidArray(ids: readonly string[]): string {
  return `{${ids.join(',')}}`;
}
