import type pg from 'pg';
import { TELL_REDRIVE, TELL_SETTLE } from '../outbox/operator-request.ts';
import { OPEN, PARKED } from '../outbox/outbox-columns.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { AdminError } from './admin-error.ts';
import { findMessage, messageState } from './outbox-inspection.ts';

// What an operator may do to messages. Each change and the word of it to the relay are one statement, and so one transaction:
// the word comes in the WAL, to the relay that runs or to the next one that does.

export interface Changed {
  readonly messageId: string;
  /** The order whose later messages may go on; null: it belongs to none. */
  readonly aggregateId: string | null;
}

/** SQL: answers with what was changed, and tells the relay of it. */
const CHANGED = `SELECT message_id::text AS "messageId", aggregate_id AS "aggregateId", ${TELL_REDRIVE} AS told FROM changed`;
const REPLAY_BATCH = 50_000;
/** SQL: what `retry` writes into a row. */
export const RETRIED =
  'parked_at = NULL, deferred_at = clock_timestamp(), next_retry_at = NULL, error_message = NULL, retry_count = 0';
/** SQL: what `drop` writes into a row, with the reason from this parameter. */
export const dropped = (
  reason: string,
) => `dropped_at = clock_timestamp(), deferred_at = NULL, next_retry_at = NULL,
         error_message = concat_ws('; before: ', 'dropped: ' || ${reason}, left(error_message, 500))`;

/** Has a parked message sent again, and after it what waits behind it. Throws MESSAGE_NOT_FOUND or MESSAGE_NOT_PARKED. */
export async function retryMessage(pool: pg.Pool, table: OutboxTable, messageId: string): Promise<Changed> {
  const { rows } = await pool.query<Changed>(
    `WITH changed AS (
       UPDATE ${table.outbox} SET ${RETRIED}
       WHERE message_id = $1 AND parked_at IS NOT NULL AND ${OPEN}
       RETURNING message_id, aggregate_id
     ) ${CHANGED}`,
    [messageId],
  );
  return rows[0] ?? (await refuse(pool, table, messageId, 'retry'));
}

/**
 * Gives up a message that is parked, or one that waits behind one that is; what waits behind it goes on unless another one of its
 * order is parked. It stays in the table with the reason. What is or may be on its way to the broker is refused: the row would say
 * that it was never sent. Throws MESSAGE_NOT_FOUND or MESSAGE_NOT_PARKED.
 */
export async function dropMessage(
  pool: pg.Pool,
  table: OutboxTable,
  messageId: string,
  reason: string,
): Promise<Changed> {
  // What it waits for is locked first: a retry of that comes after this, or has come before, and then it waits no more.
  const { rows } = await pool.query<Changed>(
    `WITH wanted AS (
       SELECT aggregate_id, position FROM ${table.outbox} WHERE message_id = $1
     ), held_by AS (
       SELECT FROM ${table.outbox} WHERE aggregate_id = (SELECT aggregate_id FROM wanted) AND position < (SELECT position FROM wanted)
         AND ${PARKED}
       ORDER BY position LIMIT 1 FOR NO KEY UPDATE
     ), changed AS (
       UPDATE ${table.outbox} SET ${dropped('$2')}
       WHERE message_id = $1 AND ${OPEN}
         AND (parked_at IS NOT NULL OR deferred_at IS NOT NULL AND EXISTS (SELECT FROM held_by))
       RETURNING message_id, aggregate_id
     ) ${CHANGED}`,
    [messageId, reason],
  );
  return rows[0] ?? (await refuse(pool, table, messageId, 'drop'));
}

/** A time from this one on and before that one, as PostgreSQL reads it. */
export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

const PUBLISHED = `processed_at >= $1::timestamptz AND processed_at < $2::timestamptz AND parked_at IS NULL AND dropped_at IS NULL`;

/** How many messages were published at that time and are still there. */
export async function countPublished(
  pool: pg.Pool,
  { outbox }: OutboxTable,
  { from, to }: TimeRange,
): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(`SELECT count(*) FROM ${outbox} WHERE ${PUBLISHED}`, [
    from,
    to,
  ]);
  return Number(rows[0]?.count ?? 0);
}

/**
 * Has everything that was published at that time sent again, in order; yields how many so far. A batch of the oldest is one
 * transaction, with its own word to the relay, so a replay that is cut short leaves nothing that is forgotten: what it came to
 * is sent, and the same replay again goes on with the rest.
 */
export async function* replayPublished(
  pool: pg.Pool,
  { outbox }: OutboxTable,
  { from, to }: TimeRange,
  batch = REPLAY_BATCH,
): AsyncGenerator<number> {
  let replayed = 0;
  // By position, so that the batches too come in order, and what the relay has sent by then is not taken again.
  let after = '0';
  for (;;) {
    const { rows } = await pool.query<{ count: number; last: string }>(
      `WITH next AS (
         SELECT message_id, position FROM ${outbox} WHERE ${PUBLISHED} AND position > $3 ORDER BY position LIMIT $4
       ), changed AS (
         UPDATE ${outbox} AS outbox SET processed_at = NULL, deferred_at = NULL FROM next
         WHERE outbox.message_id = next.message_id AND ${PUBLISHED}
         RETURNING next.position
       ), summary AS (SELECT count(*)::int AS count, max(position) AS last FROM changed)
       SELECT count, last, ${TELL_SETTLE} AS told FROM summary WHERE count > 0`,
      [from, to, after, batch],
    );
    const [done] = rows;
    if (!done) return;
    replayed += done.count;
    after = done.last;
    yield replayed;
  }
}

async function refuse(
  pool: pg.Pool,
  table: OutboxTable,
  messageId: string,
  wanted: 'retry' | 'drop',
): Promise<never> {
  const message = await findMessage(pool, table, messageId);
  if (!message) {
    throw new AdminError(
      'MESSAGE_NOT_FOUND',
      `There is no message ${messageId} in the outbox. See: npm run outbox -- list`,
    );
  }
  const state = messageState(message);
  const dropping = wanted === 'drop';
  const advice = {
    published: `It was published at ${message.processedAt}: npm run outbox -- replay --from TIME --to TIME sends again what was.`,
    dropped: `It was dropped at ${message.droppedAt}, which is final: have its writer insert another one.`,
    parked: 'Somebody else has just changed it: try again.',
    waiting: dropping
      ? `It comes before ${message.behind}, which is parked: retry or drop that one, and this one is sent.`
      : `It waits for ${message.behind}, which is parked: retry or drop that one.`,
    redriven: dropping
      ? 'It is being sent again: should it be refused, it is parked again and can be dropped then.'
      : 'It is being sent again already: a relay has to run.',
    unsettled: 'The relay sends it until the broker takes it: nothing has to be done.',
  }[state];
  throw new AdminError(
    'MESSAGE_NOT_PARKED',
    `${wanted} is for a parked message${dropping ? ' or one behind it' : ''}; ${messageId} is ${state}. ${advice}`,
  );
}
