import type pg from 'pg';
import { type Lsn, parseLsn } from '../lsn.ts';
import { fromTable, type SelectedMessage } from './message-row.ts';
import type { RedriveTarget } from './operator-request.ts';
import { PARKED_OR_DEFERRED, SELECT_MESSAGE } from './outbox-columns.ts';
import type { OutboxMessage } from './outbox-message.ts';
import type { OutboxTable } from './outbox-table.ts';
import { isVisibleIn } from './row-visibility.ts';

/** What the table holds of an order that is to be sent again. */
export interface OrderRows {
  /** What waits there, up to the first message that is parked, in order; some of it, if there is more. */
  readonly messages: readonly OutboxMessage[];
  readonly isAll: boolean;
  /** Those that were refused before, and wait for no person. */
  readonly refusedBefore: ReadonlySet<string>;
  /** The message after these is parked. */
  readonly endsAtParked: boolean;
  /** No transaction that the rows were read from committed after it. */
  readonly readUpTo: Lsn;
  /** Whether the rows were read with a transaction's changes in sight. */
  readonly isVisible: (xid: number) => boolean;
}

interface Row extends SelectedMessage {
  readonly nr: number;
  readonly parked: boolean;
  readonly retryCount: number;
  readonly snapshot: string;
  readonly end: string;
}

const ROWS_AT_MOST = 1_000;

const COLUMNS = `position, parked_at IS NOT NULL AS parked, retry_count AS "retryCount", ${SELECT_MESSAGE}`;

/**
 * What waits of each of these orders, or the row of no order: a thousand rows at the most, to which each has an equal share.
 * What the stream is bringing is not in it. Throws what `pg` throws.
 */
export async function readOrders(
  pool: pg.Pool,
  { outbox }: OutboxTable,
  targets: readonly RedriveTarget[],
): Promise<OrderRows[]> {
  const share = Math.floor(ROWS_AT_MOST / targets.length);
  // LIMIT 1: on old statistics PostgreSQL read all that waits of no order for each of its rows, instead of finding it by its id.
  const { rows } = await pool.query<Row>(
    `SELECT nr::int, pg_current_snapshot()::text AS snapshot, pg_current_wal_insert_lsn() AS end, waiting.*
     FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS target (order_id, row_id, nr)
     LEFT JOIN LATERAL (
       (SELECT ${COLUMNS} FROM ${outbox} WHERE ${PARKED_OR_DEFERRED} AND aggregate_id = order_id ORDER BY position LIMIT $3)
       UNION ALL
       SELECT ${COLUMNS} FROM (SELECT * FROM ${outbox} WHERE message_id = row_id LIMIT 1) AS outbox
       WHERE ${PARKED_OR_DEFERRED} AND aggregate_id IS NULL
     ) AS waiting ON true ORDER BY nr, position`,
    [
      targets.map((target) => ('aggregateId' in target ? target.aggregateId : null)),
      targets.map((target) => ('messageId' in target ? target.messageId : null)),
      share,
    ],
  );
  return [...Map.groupBy(rows, ({ nr }) => nr).values()].map((ofOrder) => toOrderRows(ofOrder, share));
}

/** An order of which nothing waits has one row, without a message. */
function toOrderRows(rows: readonly Row[], share: number): OrderRows {
  const [{ snapshot, end } = { snapshot: '', end: '0/0' }] = rows;
  const found = rows.filter((row) => row.messageId !== null);
  const parkedAt = found.findIndex(({ parked }) => parked);
  return {
    messages: (parkedAt === -1 ? found : found.slice(0, parkedAt)).map(fromTable),
    refusedBefore: new Set(found.flatMap(({ retryCount, messageId }) => (retryCount > 0 && messageId) || [])),
    isAll: parkedAt !== -1 || found.length < share,
    endsAtParked: parkedAt !== -1,
    readUpTo: parseLsn(end),
    isVisible: (xid) => isVisibleIn(snapshot, xid),
  };
}
