import type pg from 'pg';
import { errorCode } from '../../src/core/errors.ts';
import { UNSETTLED } from './outbox-columns.ts';
import type { OutboxTable } from './outbox-table.ts';

const WITHIN_MS = 500;
const QUERY_CANCELED = '57014';

/**
 * Whether the table holds anything unsettled; also true if it takes too long to know: behind a snapshot that is left open, the index is
 * full of rows that are settled. Throws what `pg` throws.
 */
export async function hasUnsettled(
  pool: pg.Pool,
  { outbox }: OutboxTable,
  withinMs = WITHIN_MS,
): Promise<boolean> {
  try {
    // Without parameters both go at once, as one transaction, each with its own time limit.
    const results = (await pool.query(
      `SET LOCAL statement_timeout = ${withinMs}; SELECT FROM ${outbox} WHERE ${UNSETTLED} LIMIT 1`,
    )) as unknown as pg.QueryResult[];
    return results[1]?.rowCount !== 0;
  } catch (error) {
    if (errorCode(error) === QUERY_CANCELED) return true;
    throw error;
  }
}
