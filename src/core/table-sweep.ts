import type pg from 'pg';
import { errorCode } from './errors.ts';
import type { Logger } from './log.ts';
import { pause } from './pause.ts';

/** A table of which old rows are deleted. */
export interface SweptTable {
  /** For people. */
  readonly name: string;
  /** SQL: the table, quoted and with its schema. */
  readonly sql: string;
  /** SQL: since when a row is of no use any more; NULL for one that stays. */
  readonly oldSince: string;
}

export interface TableSweepOptions {
  /** What a round takes, if the server needs no longer. */
  readonly roundMs: number;
  /** The longest pause between two pieces. */
  readonly pauseMs: number;
  /** How many blocks are one piece. */
  readonly blocks: number;
}

export interface TableSweepDeps {
  readonly pool: pg.Pool;
  readonly table: SweptTable;
  readonly log: Logger;
  readonly random: () => number;
}

/**
 * Deletes old rows, block by block: an index on the time would cost every write, and sorting millions of rows a long statement.
 */
export class TableSweep {
  readonly #deps: TableSweepDeps;
  readonly #options: TableSweepOptions;
  /** Where the next piece begins: a round that was cut short goes on there. */
  #block: number | undefined;

  constructor(deps: TableSweepDeps, options: TableSweepOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /**
   * Goes once around the table as it is now, unless `ending`, and deletes what is old since before that time. Rows that another
   * session has locked are left for the next round, as is a piece that fails. Rejects if all of them fail. Tells `onDeleted` of
   * each piece.
   */
  async round(before: Date, onDeleted: (rows: number) => void, ending: AbortSignal): Promise<void> {
    const { pool, table, log, random } = this.#deps;
    const { roundMs, pauseMs, blocks } = this.#options;
    const pieces = Math.ceil((await blocksOf(pool, table)) / blocks);
    // Anywhere: a process that never lives for a whole round must not always leave out the same rows.
    this.#block ??= Math.floor(random() * pieces) * blocks;
    const failures: unknown[] = [];
    for (let done = 0; done < pieces && !ending.aborted; done++) {
      if (this.#block >= pieces * blocks) this.#block = 0;
      const startedAt = performance.now();
      try {
        onDeleted(await this.#deletePiece(this.#block, before));
      } catch (error) {
        failures.push(error);
      }
      this.#block += blocks;
      const tookMs = performance.now() - startedAt;
      // At its own pace, but never at work for more than half of the time.
      await pause(Math.max(tookMs, Math.min(pauseMs, roundMs / pieces - tookMs)), ending);
    }
    const [err] = failures;
    if (failures.length > 0 && failures.length === pieces) throw err;
    if (failures.length > 0)
      log.warn(
        { err, table: table.name, pieces: failures.length },
        'Could not delete old rows from a part of a table; trying again later',
      );
  }

  async #deletePiece(block: number, before: Date): Promise<number> {
    const { pool, table } = this.#deps;
    const values = [`(${block},0)`, `(${block + this.#options.blocks},0)`, before];
    try {
      return (await pool.query(deletePiece(table), values)).rowCount ?? 0;
    } catch (error) {
      if (errorCode(error) !== LOCK_NOT_AVAILABLE) throw error;
      return (await pool.query(deleteUnlocked(table), values)).rowCount ?? 0;
    }
  }
}

const LOCK_NOT_AVAILABLE = '55P03';

/** In a range of blocks, which is read by their numbers, without an index. */
const isOld = ({ oldSince }: SweptTable) => `ctid >= $1::tid AND ctid < $2::tid AND ${oldSince} < $3`;

export const deletePiece = (table: SweptTable) => `DELETE FROM ${table.sql} WHERE ${isOld(table)}`;

/** The same around rows that another session has locked. Each partition has blocks of these numbers. */
export const deleteUnlocked = (table: SweptTable) => `
  WITH free AS MATERIALIZED (
    SELECT tableoid AS part, ctid AS place FROM ${table.sql} WHERE ${isOld(table)} FOR UPDATE SKIP LOCKED
  )
  DELETE FROM ${table.sql} AS swept USING free WHERE ${isOld(table)} AND swept.tableoid = part AND ctid = place`;

/** Of the largest partition, should the table have partitions: a range of blocks is one of each of them. */
async function blocksOf(pool: pg.Pool, { sql }: SweptTable): Promise<number> {
  const { rows } = await pool.query<{ blocks: number }>(
    `SELECT ceil(max(pg_relation_size(relid)) / current_setting('block_size')::numeric)::int AS blocks
     FROM (SELECT $1::regclass AS relid UNION ALL SELECT relid FROM pg_partition_tree($1::regclass)) AS tables`,
    [sql],
  );
  return rows[0]?.blocks ?? 0;
}
