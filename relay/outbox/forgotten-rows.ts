import type pg from 'pg';
import { type Lsn, parseLsn } from '../lsn.ts';
import { TELL_REDRIVE } from './operator-request.ts';
import { PARKED, UNSETTLED } from './outbox-columns.ts';
import type { OutboxTable } from './outbox-table.ts';

/** What waited for nothing in the table at one moment: forgotten, unless it was on its way. */
export interface Candidates {
  /** Orders of which nothing is parked. */
  readonly orders: readonly string[];
  /** Rows that are unsettled, and wait behind none. */
  readonly messageIds: readonly string[];
  /** Whatever was seen had committed before it, and whoever had asked for it had done so. */
  readonly end: Lsn;
  /** Where the next rows begin; 0 after the last. */
  readonly after: bigint;
}

export interface Forgotten {
  /** For an order, or a row of none. */
  readonly requests: number;
  readonly rows: number;
}

/** How many rows are looked at at once. */
export const LOOK_COUNT = 1_000;
const hasParked = ({ outbox }: OutboxTable, order: string) =>
  `EXISTS (SELECT FROM ${outbox} WHERE aggregate_id = ${order} AND ${PARKED})`;

/** Which of these orders have nothing parked, and which of the next thousand unsettled rows wait behind none. */
export async function findCandidates(
  pool: pg.Pool,
  table: OutboxTable,
  parkedOrders: readonly string[],
  after: bigint,
): Promise<Candidates> {
  const { rows } = await pool.query<{ end: string; after: string; orders: string[]; messageIds: string[] }>(
    `SELECT pg_current_wal_insert_lsn() AS end, CASE WHEN count(*) = ${LOOK_COUNT} THEN max(position) ELSE 0 END AS after,
       ARRAY(SELECT id FROM unnest($1::text[]) AS id WHERE NOT ${hasParked(table, 'id')}) AS orders,
       coalesce(array_agg(message_id::text) FILTER (WHERE deferred_at IS NULL), '{}') AS "messageIds"
     FROM (SELECT message_id, position, deferred_at FROM ${table.outbox} WHERE ${UNSETTLED} AND position > $2
           ORDER BY position LIMIT ${LOOK_COUNT}) AS next`,
    [parkedOrders, after],
  );
  const { end = '0/0', after: next = '0', orders = [], messageIds = [] } = rows[0] ?? {};
  return { orders, messageIds, end: parseLsn(end), after: BigInt(next) };
}

/**
 * Has those of them sent that are still as they were, as an operator would. Only for the relay of this epoch: another one may be
 * at it.
 */
export async function sendForgotten(
  pool: pg.Pool,
  table: OutboxTable,
  { slot, epoch }: { slot: string; epoch: bigint },
  { orders, messageIds }: Candidates,
): Promise<Forgotten> {
  const { rows } = await pool.query<Forgotten>(
    `WITH free AS (
       SELECT message_id FROM ${table.outbox} WHERE message_id = ANY ($4::uuid[]) AND ${UNSETTLED} AND deferred_at IS NULL
         AND EXISTS (SELECT FROM ${table.progress} WHERE slot = $1 AND epoch = $2) FOR NO KEY UPDATE SKIP LOCKED
     ), changed AS (
       UPDATE ${table.outbox} AS outbox SET deferred_at = clock_timestamp() FROM free WHERE outbox.message_id = free.message_id
       RETURNING outbox.message_id, aggregate_id
     ), forgotten AS (
       SELECT message_id, NULL AS aggregate_id FROM changed WHERE aggregate_id IS NULL
       UNION SELECT NULL, aggregate_id FROM changed WHERE aggregate_id IS NOT NULL
       UNION SELECT NULL, id FROM unnest($3::text[]) AS id
         WHERE NOT ${hasParked(table, 'id')} AND EXISTS (SELECT FROM ${table.progress} WHERE slot = $1 AND epoch = $2)
     ) SELECT count(${TELL_REDRIVE})::int AS requests, (SELECT count(*)::int FROM changed) AS rows FROM forgotten`,
    [slot, epoch, orders, messageIds],
  );
  return rows[0] ?? { requests: 0, rows: 0 };
}
