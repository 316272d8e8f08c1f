import type pg from 'pg';
import type { Logger } from '../../src/core/log.ts';
import { pause } from '../../src/core/pause.ts';
import { parseLsn } from '../lsn.ts';
import type { RelayMonitor } from '../monitoring/relay-monitor.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { RetentionCutoff, type RetentionSample } from './retention-cutoff.ts';

export interface RetentionOptions {
  /** How long a row is kept after it was published or dropped. */
  readonly keepMs: number;
  /** Between two rounds; without it, a 24th of `keepMs`, a minute at the least and an hour at the most. */
  readonly everyMs?: number;
  /** After each piece of the table, deleted from or not: what bounds the load of a round. */
  readonly pauseMs?: number;
  /** How many blocks are one piece. */
  readonly blocks?: number;
}

export interface RetentionDeps {
  readonly pool: pg.Pool;
  readonly table: OutboxTable;
  readonly slot: string;
  readonly monitor: RelayMonitor;
  readonly log: Logger;
}

const MINUTE_MS = 60_000;
const BLOCKS = 128;
const PAUSE_MS = 100;

/**
 * Deletes rows of the outbox that were published or dropped long enough ago, never others. It goes through the table block by
 * block: an index on the time would cost every mark, and sorting millions of rows a long statement.
 */
export class Retention {
  readonly #deps: RetentionDeps;
  readonly #options: Required<RetentionOptions>;
  readonly #cutoff: RetentionCutoff;
  /** Where the round is: one that was cut short goes on there, or the end of a large table would never be reached. */
  #block = 0;

  constructor(deps: RetentionDeps, options: RetentionOptions) {
    const everyMs = Math.min(Math.max(options.keepMs / 24, MINUTE_MS), 60 * MINUTE_MS);
    this.#deps = deps;
    this.#options = { everyMs, pauseMs: PAUSE_MS, blocks: BLOCKS, ...options };
    this.#cutoff = new RetentionCutoff(options.keepMs);
  }

  /** Round after round until `ending`. Never rejects: a failure is logged, and the next round tries again. */
  async run(ending: AbortSignal): Promise<void> {
    const { everyMs } = this.#options;
    while (!ending.aborted) {
      const cutoff = await this.#round(ending);
      // The first looks find nothing yet that is known to be safe.
      await pause(cutoff ? everyMs : Math.min(everyMs, MINUTE_MS), ending);
    }
  }

  /** Returns the time before which everything is deleted now; undefined when there was none, or the round has failed. */
  async #round(ending: AbortSignal): Promise<Date | undefined> {
    const { log } = this.#deps;
    try {
      const cutoff = this.#cutoff.observe(await sample(this.#deps));
      const deleted = cutoff ? await this.#deleteBefore(cutoff, ending) : 0;
      if (deleted > 0) log.info({ deleted, settledBefore: cutoff }, 'Deleted old rows of the outbox');
      return cutoff;
    } catch (err) {
      if (!ending.aborted) log.warn({ err }, 'Could not delete old rows of the outbox; trying again later');
      return undefined;
    }
  }

  async #deleteBefore(cutoff: Date, ending: AbortSignal): Promise<number> {
    const { pool, table, monitor } = this.#deps;
    const { blocks, pauseMs } = this.#options;
    const size = await blocksOfOutbox(pool, table);
    let deleted = 0;
    if (this.#block >= size) this.#block = 0;
    while (this.#block < size && !ending.aborted) {
      const range = [this.#block, this.#block + blocks].map((block) => `(${block},0)`);
      const { rowCount } = await pool.query(deletePiece(table), [...range, cutoff]);
      this.#block += blocks;
      deleted += rowCount ?? 0;
      monitor.counts.deletedRows += rowCount ?? 0;
      await pause(pauseMs, ending);
    }
    return deleted;
  }
}

/** A range of blocks is read by their numbers, without an index. The greatest of the two times ignores the one that is NULL. */
export const deletePiece = ({ outbox }: OutboxTable) =>
  `DELETE FROM ${outbox} WHERE ctid >= $1::tid AND ctid < $2::tid AND greatest(processed_at, dropped_at) < $3`;

async function sample({ pool, table, slot }: RetentionDeps): Promise<RetentionSample> {
  // The end of what is inserted, not of what is written: without synchronous_commit, rows are seen before they are written.
  const { rows } = await pool.query<{ now: Date; lsn: string; settled: string | null }>(
    `SELECT statement_timestamp() AS now, pg_current_wal_insert_lsn() AS lsn,
       (SELECT settled_lsn FROM ${table.progress} WHERE slot = $1) AS settled`,
    [slot],
  );
  const { now = new Date(0), lsn = '0/0', settled = null } = rows[0] ?? {};
  return { now, lsn: parseLsn(lsn), settledLsn: settled === null ? undefined : parseLsn(settled) };
}

/** Of the largest partition, should the outbox have partitions: a range of blocks is one of each of them. */
async function blocksOfOutbox(pool: pg.Pool, { outbox }: OutboxTable): Promise<number> {
  const { rows } = await pool.query<{ blocks: number }>(
    `SELECT ceil(max(pg_relation_size(relid)) / current_setting('block_size')::numeric)::int AS blocks
     FROM (SELECT $1::regclass AS relid UNION ALL SELECT relid FROM pg_partition_tree($1::regclass)) AS tables`,
    [outbox],
  );
  return rows[0]?.blocks ?? 0;
}
