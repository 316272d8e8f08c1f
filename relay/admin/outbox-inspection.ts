import type pg from 'pg';
import { OPEN, PARKED, PARKED_OR_DEFERRED, selectMembers } from '../outbox/outbox-columns.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';

/**
 * published, dropped: done with. parked: the broker can never take it. waiting: for a parked one of its order. redriven:
 * to be sent again, as an operator wants. unsettled: on its way.
 */
export type MessageState = 'published' | 'dropped' | 'parked' | 'waiting' | 'redriven' | 'unsettled';

/** A row of the outbox as an operator sees it. Times are ISO 8601 in UTC; body and metadata are the text that was committed. */
export interface StoredMessage {
  readonly messageId: string;
  readonly messageType: string;
  readonly aggregateId: string | null;
  /** As it stands in the row; null: by the type. */
  readonly destination: string | null;
  readonly position: string;
  readonly createdAt: string;
  readonly processedAt: string | null;
  readonly parkedAt: string | null;
  readonly deferredAt: string | null;
  readonly droppedAt: string | null;
  readonly retryCount: number;
  readonly nextRetryAt: string | null;
  readonly errorMessage: string | null;
  /** The parked message of its order that it waits for. */
  readonly behind: string | null;
  /** How many wait for it, if it is parked. */
  readonly waiting: number;
}

export interface WholeMessage extends StoredMessage {
  readonly aggregateVersion: string | null;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly userId: string | null;
  readonly metadata: string | null;
  readonly traceparent: string | null;
  readonly tracestate: string | null;
  readonly body: string;
}

/** What was published counts as that, also when it was parked before. */
export function messageState(message: StoredMessage): MessageState {
  if (message.processedAt) return 'published';
  if (message.droppedAt) return 'dropped';
  if (message.parkedAt) return 'parked';
  if (!message.deferredAt) return 'unsettled';
  return message.behind ? 'waiting' : 'redriven';
}

const utc = (column: string, name: string) =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "${name}"`;
/** SQL: the columns of a `StoredMessage`, from the table as `o`. */
export const selectStored = ({ outbox }: OutboxTable) => `
  ${selectMembers(['messageId', 'messageType', 'aggregateId', 'destination'])}, position::text,
  ${utc('created_at', 'createdAt')}, ${utc('processed_at', 'processedAt')}, ${utc('parked_at', 'parkedAt')},
  ${utc('deferred_at', 'deferredAt')}, ${utc('dropped_at', 'droppedAt')}, retry_count AS "retryCount",
  ${utc('next_retry_at', 'nextRetryAt')}, error_message AS "errorMessage",
  (SELECT message_id::text FROM ${outbox} AS other WHERE ${PARKED}
     AND other.aggregate_id = o.aggregate_id AND other.message_id <> o.message_id ORDER BY position LIMIT 1) AS behind,
  CASE WHEN parked_at IS NULL THEN 0 ELSE (SELECT count(*)::int FROM ${outbox} AS other
     WHERE ${PARKED_OR_DEFERRED} AND parked_at IS NULL AND other.aggregate_id = o.aggregate_id) END AS waiting`;
const REST = [
  'aggregateVersion',
  'correlationId',
  'causationId',
  'userId',
  'metadata',
  'traceparent',
  'tracestate',
  'body',
] as const;
export interface Overview {
  /** Every parked message, or the first `limit` of them, in order. */
  readonly parked: readonly StoredMessage[];
  readonly parkedCount: number;
  /** The first `limit` unsettled ones that do not wait for a parked one, in order. */
  readonly unsettled: readonly StoredMessage[];
  readonly unsettledCount: number;
}

/** What waits for an operator, and what waits for the relay or the broker. */
export async function inspectOutbox(pool: pg.Pool, table: OutboxTable, limit: number): Promise<Overview> {
  const { outbox } = table;
  const parked = `FROM ${outbox} AS o WHERE ${PARKED}`;
  const unsettled = `FROM ${outbox} AS o WHERE ${OPEN} AND parked_at IS NULL AND (deferred_at IS NULL OR NOT EXISTS (
    SELECT FROM ${outbox} AS other WHERE ${PARKED} AND other.aggregate_id = o.aggregate_id))`;
  const list = async (from: string) =>
    (
      await pool.query<StoredMessage>(`SELECT ${selectStored(table)} ${from} ORDER BY o.position LIMIT $1`, [
        limit,
      ])
    ).rows;
  const count = async (from: string) =>
    Number((await pool.query<{ count: string }>(`SELECT count(*) ${from}`)).rows[0]?.count ?? 0);
  return {
    parked: await list(parked),
    parkedCount: await count(parked),
    unsettled: await list(unsettled),
    unsettledCount: await count(unsettled),
  };
}

/** Everything about one message; undefined if there is none of this id. */
export async function findMessage(
  pool: pg.Pool,
  table: OutboxTable,
  messageId: string,
): Promise<WholeMessage | undefined> {
  const { rows } = await pool.query<WholeMessage>(
    `SELECT ${selectStored(table)}, ${selectMembers(REST)} FROM ${table.outbox} AS o WHERE message_id = $1`,
    [messageId],
  );
  return rows[0];
}
