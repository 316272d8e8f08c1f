import type pg from 'pg';
import type { Logger } from '../../core/log.ts';
import { pause } from '../../core/pause.ts';
import { type SweptTable, TableSweep, type TableSweepOptions } from '../../core/table-sweep.ts';

export interface InboxRetentionOptions extends Partial<TableSweepOptions> {
  /** How long it is remembered that a message was handled: at least as long as its sender may send it again. */
  readonly keepMs: number;
  /** Between two rounds; without it, a 24th of `keepMs`, a minute at the least and an hour at the most. */
  readonly everyMs?: number;
  readonly onDeleted?: (rows: number) => void;
}

export interface InboxRetentionDeps {
  readonly pool: pg.Pool;
  readonly log: Logger;
  readonly random: () => number;
}

const MINUTE_MS = 60_000;
/** NULL of a message that waits: it stays. */
export const SWEPT_INBOX: SweptTable = { name: 'inbox', sql: 'inbox', oldSince: 'processed_at' };

/** Deletes the rows of messages that were handled long enough ago, round after round until `ending`. Never rejects: the next round tries again. */
export async function runInboxRetention(
  deps: InboxRetentionDeps,
  { keepMs, everyMs, onDeleted, ...pace }: InboxRetentionOptions,
  ending: AbortSignal,
): Promise<void> {
  const { pool, log } = deps;
  const roundMs = Math.max(keepMs / 24, MINUTE_MS);
  const sweep = new TableSweep(
    { ...deps, table: SWEPT_INBOX },
    { roundMs, pauseMs: 100, blocks: 128, ...pace },
  );
  while (!ending.aborted) {
    let deleted = 0;
    const count = (rows: number) => {
      deleted += rows;
      onDeleted?.(rows);
    };
    try {
      await sweep.round(new Date((await databaseNow(pool)).getTime() - keepMs), count, ending);
      if (deleted > 0) log.info({ deleted }, 'Deleted old rows of the inbox');
    } catch (err) {
      if (!ending.aborted) log.warn({ err }, 'Could not delete old rows of the inbox; trying again later');
    }
    await pause(everyMs ?? Math.min(roundMs, 60 * MINUTE_MS), ending);
  }
}

/** By the clock that the rows are written by. */
async function databaseNow(pool: pg.Pool): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('SELECT now()');
  return rows[0]?.now ?? new Date(0);
}
