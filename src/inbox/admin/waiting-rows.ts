import type pg from 'pg';
import type { UnhandledMessage } from './unhandled-message.ts';

/** What waits in the table, the messages of an aggregate in the broker's order, without bodies. Throws what `pg` throws. */
export async function findWaitingRows(pool: pg.Pool): Promise<UnhandledMessage[]> {
  const { rows } = await pool.query<WaitingRow>(
    `SELECT consumer, message_id, message_type, aggregate_id, coalesce(sequence_number, 0)::text AS sequence_number,
       delivery_count, received_at::text, coalesce(error_message, '') AS error_message
     FROM inbox WHERE processed_at IS NULL ORDER BY received_at, consumer, aggregate_id, inbox.sequence_number`,
  );
  return rows.map((row) => ({
    place: 'inbox',
    consumer: row.consumer,
    messageId: row.message_id,
    sequenceNumber: BigInt(row.sequence_number),
    type: row.message_type,
    aggregateId: row.aggregate_id ?? undefined,
    deliveryCount: row.delivery_count,
    since: new Date(row.received_at),
    reason: row.error_message,
  }));
}

interface WaitingRow {
  readonly consumer: string;
  readonly message_id: string;
  readonly message_type: string;
  readonly aggregate_id: string | null;
  readonly sequence_number: string;
  readonly delivery_count: number;
  readonly received_at: string;
  readonly error_message: string;
}
