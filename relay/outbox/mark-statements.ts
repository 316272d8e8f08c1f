import { UNSETTLED } from './outbox-columns.ts';
import type { OutboxTable } from './outbox-table.ts';

/** SQL that changes rows and stores the progress, in one statement each. */
export interface MarkStatements {
  /** Marks rows as accepted. */
  readonly mark: string;
  /** The same around rows that are locked: their marks come later, and the progress is no further than they let it be. */
  readonly markUnlocked: string;
  /** Parks rows, or defers those without a reason. */
  readonly park: string;
}

/** For one table; the same texts each time, so that they stay prepared. */
export function markStatements(table: OutboxTable): MarkStatements {
  return { mark: mark(table), markUnlocked: markUnlocked(table), park: park(table) };
}

/** The progress is this relay's, and where it was. */
const IS_STORED = `slot = $4 AND epoch = $5 AND coalesce(settled_lsn, '0/0') >= $7 AND coalesce(marked_lsn, '0/0') >= $8`;
const RESULT =
  'SELECT (SELECT count(*)::int FROM changed) AS hits, (SELECT count(*)::int FROM progressed) AS progressed';

/**
 * What ends both statements: the progress is stored if all of the rows were changed, none of those to be parked was settled before,
 * and how many were is told.
 */
const storeProgress = ({ progress }: OutboxTable) => `progressed AS (
    UPDATE ${progress} SET settled_lsn = nullif($2::pg_lsn, '0/0'), marked_lsn = $3, updated_at = now()
    WHERE ${IS_STORED} AND (SELECT count(*) FILTER (WHERE NOT was_settled) FROM changed) = $6 RETURNING 1
  )
  ${RESULT}`;

/** Why somebody has dropped it by hand meanwhile stays. */
const ACCEPTED = `processed_at = coalesce(processed_at, clock_timestamp()), next_retry_at = NULL,
      error_message = CASE WHEN dropped_at IS NULL THEN NULL ELSE error_message END`;

const mark = (table: OutboxTable) => `
  WITH changed AS (
    UPDATE ${table.outbox} SET ${ACCEPTED}
    WHERE message_id = ANY ($1::uuid[]) RETURNING false AS was_settled
  ), ${storeProgress(table)}`;

const markUnlocked = ({ outbox, progress }: OutboxTable) => `
  WITH free AS (
    SELECT message_id FROM ${outbox} WHERE message_id = ANY ($1::uuid[]) FOR NO KEY UPDATE SKIP LOCKED
  ), changed AS (
    UPDATE ${outbox} AS outbox SET ${ACCEPTED}
    FROM free WHERE outbox.message_id = free.message_id RETURNING 1
  ), progressed AS (
    UPDATE ${progress} SET marked_lsn = $3, updated_at = now(),
      settled_lsn = CASE WHEN (SELECT count(*) FROM changed) = $6 THEN nullif($2::pg_lsn, '0/0') ELSE settled_lsn END
    WHERE ${IS_STORED} RETURNING 1
  )
  ${RESULT}`;

/** How long until a parked message that may pass one day is tried again: twice as long each time. */
const TRY_AGAIN_AFTER = `least(interval '1 minute' * 2 ^ least(CASE WHEN deferred_at IS NULL THEN 0 ELSE retry_count END, 6), interval '1 hour')`;

const park = (table: OutboxTable) => `
  WITH changed AS (
    UPDATE ${table.outbox} SET
      parked_at = CASE WHEN reason IS NULL OR NOT (${UNSETTLED}) THEN parked_at ELSE clock_timestamp() END,
      deferred_at = CASE WHEN reason IS NULL AND parked_at IS NULL THEN coalesce(deferred_at, clock_timestamp()) END,
      error_message = coalesce(reason, error_message),
      next_retry_at = CASE WHEN again <> 'never' AND ${UNSETTLED}
        THEN clock_timestamp() + CASE again WHEN 'away' THEN interval '1 minute' ELSE ${TRY_AGAIN_AFTER} END END,
      retry_count = CASE WHEN again <> 'refused' THEN retry_count WHEN deferred_at IS NULL THEN 1 ELSE retry_count + 1 END
    FROM unnest($1::uuid[], $9::text[], $10::text[]) AS wanted (id, reason, again)
    WHERE message_id = id AND EXISTS (SELECT FROM ${table.progress} WHERE slot = $4 AND epoch = $5)
      AND (SELECT count(*) FROM ${table.outbox} WHERE message_id = ANY ($1::uuid[])) = $6
    RETURNING reason IS NOT NULL AND parked_at IS NULL AS was_settled
  ), ${storeProgress(table)}`;
