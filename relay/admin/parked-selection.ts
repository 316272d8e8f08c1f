import type pg from 'pg';
import { TELL_REDRIVE } from '../outbox/operator-request.ts';
import { PARKED } from '../outbox/outbox-columns.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { dropped, RETRIED } from './outbox-admin.ts';

/** Which parked messages are meant: those for which all of it holds. Without a member: every one. */
export interface ParkedSelection {
  readonly messageType?: string | undefined;
  readonly aggregateId?: string | undefined;
  /** Stands somewhere in their error, in upper or lower case. */
  readonly reasonHas?: string | undefined;
}

const BATCH = 500;
/** SQL: the parked rows of a selection, whose members are the parameters from $1 to $3. */
const SELECTED = `${PARKED}
  AND ($1::text IS NULL OR message_type::text = $1) AND ($2::text IS NULL OR aggregate_id::text = $2)
  AND ($3::text IS NULL OR strpos(lower(error_message), lower($3)) > 0)`;

/** How many messages are parked and meant, and of how many orders. Throws what `pg` throws. */
export async function countParked(
  pool: pg.Pool,
  { outbox }: OutboxTable,
  selection: ParkedSelection,
): Promise<{ readonly messages: number; readonly orders: number }> {
  const { rows } = await pool.query<{ messages: number; orders: number }>(
    `SELECT count(*)::int AS messages, count(DISTINCT aggregate_id)::int AS orders FROM ${outbox} WHERE ${SELECTED}`,
    parameters(selection),
  );
  return rows[0] ?? { messages: 0, orders: 0 };
}

/** Has them sent again, as `retryMessage` does with one, and returns how many. A few hundred are one transaction. */
export function retryParked(pool: pg.Pool, table: OutboxTable, selection: ParkedSelection): Promise<number> {
  return changeParked(pool, table, selection, { set: RETRIED, values: [] });
}

/** Gives them up, as `dropMessage` does with one, and returns how many. A few hundred are one transaction. */
export function dropParked(
  pool: pg.Pool,
  table: OutboxTable,
  selection: ParkedSelection,
  reason: string,
): Promise<number> {
  return changeParked(pool, table, selection, { set: dropped('$6'), values: [reason] });
}

async function changeParked(
  pool: pg.Pool,
  { outbox }: OutboxTable,
  selection: ParkedSelection,
  { set, values }: { readonly set: string; readonly values: readonly string[] },
): Promise<number> {
  let changed = 0;
  // By position: what is parked again meanwhile is not taken twice, and operators at once wait for each other in the same order.
  for (let after = '0'; ; ) {
    const { rows } = await pool.query<{ count: number; last: string | null }>(
      `WITH selected AS (
         SELECT message_id FROM ${outbox} WHERE ${SELECTED} AND position > $4 ORDER BY position LIMIT $5 FOR NO KEY UPDATE
       ), changed AS (
         UPDATE ${outbox} AS outbox SET ${set} FROM selected WHERE outbox.message_id = selected.message_id
         RETURNING outbox.message_id, aggregate_id, position
       ) SELECT count(${TELL_REDRIVE})::int AS count, max(position) AS last FROM changed`,
      [...parameters(selection), after, BATCH, ...values],
    );
    const { count = 0, last = null } = rows[0] ?? {};
    if (last === null) return changed;
    changed += count;
    after = last;
  }
}

function parameters({ messageType, aggregateId, reasonHas }: ParkedSelection): (string | null)[] {
  return [messageType ?? null, aggregateId ?? null, reasonHas ?? null];
}
