import type pg from 'pg';
import type { Logger } from '../../src/core/log.ts';
import { pause } from '../../src/core/pause.ts';
import { type SweptTable, TableSweep, type TableSweepOptions } from '../../src/core/table-sweep.ts';
import { type Lsn, parseLsn } from '../lsn.ts';
import type { RelayMonitor } from '../monitoring/relay-monitor.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { RetentionCutoff } from './retention-cutoff.ts';

export interface RetentionOptions extends Partial<TableSweepOptions> {
  /** How long a row is kept after it was published or dropped. */
  readonly keepMs: number;
  /** Between two rounds; without it, a 24th of `keepMs`, a minute at the least and an hour at the most. */
  readonly everyMs?: number;
}

export interface RetentionDeps {
  readonly pool: pg.Pool;
  readonly table: OutboxTable;
  readonly monitor: RelayMonitor;
  readonly log: Logger;
  readonly random: () => number;
}

const MINUTE_MS = 60_000;
const BLOCKS = 128;
const PAUSE_MS = 100;

/** Deletes rows of the outbox that were published or dropped long enough ago, never others. */
export class Retention {
  readonly #deps: RetentionDeps;
  readonly #everyMs: number;
  readonly #cutoff: RetentionCutoff;
  readonly #sweep: TableSweep;

  constructor(deps: RetentionDeps, { keepMs, everyMs, ...options }: RetentionOptions) {
    const roundMs = Math.max(keepMs / 24, MINUTE_MS);
    this.#deps = deps;
    this.#everyMs = everyMs ?? Math.min(roundMs, 60 * MINUTE_MS);
    this.#cutoff = new RetentionCutoff(keepMs);
    this.#sweep = new TableSweep(
      { ...deps, table: sweptOutbox(deps.table) },
      { roundMs, pauseMs: PAUSE_MS, blocks: BLOCKS, ...options },
    );
  }

  /**
   * Round after round until `ending`. `unrepeatedLsn` tells the position before which the stream brings nothing again, whatever
   * happens. Never rejects: a failure is logged, and the next round tries again.
   */
  async run(unrepeatedLsn: () => Lsn, ending: AbortSignal): Promise<void> {
    while (!ending.aborted) {
      const cutoff = await this.#round(unrepeatedLsn, ending);
      // The first looks find nothing yet that is known to be safe.
      await pause(cutoff ? this.#everyMs : Math.min(this.#everyMs, MINUTE_MS), ending);
    }
  }

  /** Returns the time before which everything is deleted now; undefined when there was none, or the round has failed. */
  async #round(unrepeatedLsn: () => Lsn, ending: AbortSignal): Promise<Date | undefined> {
    const { pool, monitor, log } = this.#deps;
    try {
      const cutoff = this.#cutoff.observe({ ...(await walEnd(pool)), unrepeatedLsn: unrepeatedLsn() });
      if (!cutoff) return undefined;
      const { deletedRows: before } = monitor.counts;
      const onDeleted = (rows: number) => {
        monitor.counts.deletedRows += rows;
      };
      await this.#sweep.round(cutoff, onDeleted, ending);
      const deleted = monitor.counts.deletedRows - before;
      if (deleted > 0) log.info({ deleted, settledBefore: cutoff }, 'Deleted old rows of the outbox');
      return cutoff;
    } catch (err) {
      if (!ending.aborted) log.warn({ err }, 'Could not delete old rows of the outbox; trying again later');
      return undefined;
    }
  }
}

/** The greatest of two times ignores one that is NULL. */
export const sweptOutbox = ({ outbox }: OutboxTable): SweptTable => ({
  name: 'outbox',
  sql: outbox,
  oldSince: 'greatest(processed_at, dropped_at)',
});

async function walEnd(pool: pg.Pool): Promise<{ now: Date; lsn: Lsn }> {
  // The end of what is inserted, not of what is written: without synchronous_commit, rows are seen before they are written.
  const { rows } = await pool.query<{ now: Date; lsn: string }>(
    'SELECT statement_timestamp() AS now, pg_current_wal_insert_lsn() AS lsn',
  );
  const { now = new Date(0), lsn = '0/0' } = rows[0] ?? {};
  return { now, lsn: parseLsn(lsn) };
}
