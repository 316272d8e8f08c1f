import type pg from 'pg';
import type { OutboxMessage } from './outbox-message.ts';

/** Neither published nor given up, and not parked. */
export const UNSETTLED = 'processed_at IS NULL AND parked_at IS NULL AND dropped_at IS NULL';
export const MESSAGE_COLUMNS = `message_id::text, message_type, message_body::text, aggregate_id, correlation_id, causation_id,
  user_id, metadata::text, traceparent, tracestate`;

/** What `MESSAGE_COLUMNS` selects. */
export interface OutboxRow {
  message_id: string;
  message_type: string;
  message_body: string;
  aggregate_id: string | null;
  correlation_id: string | null;
  causation_id: string | null;
  user_id: string | null;
  metadata: string | null;
  traceparent: string | null;
  tracestate: string | null;
}

export function toMessage(row: OutboxRow): OutboxMessage {
  return {
    messageId: row.message_id,
    messageType: row.message_type,
    body: Buffer.from(row.message_body),
    aggregateId: row.aggregate_id ?? undefined,
    correlationId: row.correlation_id ?? undefined,
    causationId: row.causation_id ?? undefined,
    userId: row.user_id ?? undefined,
    metadata: row.metadata ?? undefined,
    traceparent: row.traceparent ?? undefined,
    tracestate: row.tracestate ?? undefined,
  };
}

/** The positions of all rows unsettled in the snapshot of a transaction that the caller has begun; eight bytes a row. */
export async function unsettledPositions(client: pg.ClientBase): Promise<BigInt64Array> {
  await client.query(
    `DECLARE unsettled NO SCROLL CURSOR FOR SELECT position FROM outbox WHERE ${UNSETTLED} ORDER BY position`,
  );
  let positions = new BigInt64Array(1024);
  let count = 0;
  for (;;) {
    const { rows } = await client.query<{ position: string }>('FETCH 10000 FROM unsettled');
    if (rows.length === 0) return positions.subarray(0, count);
    if (count + rows.length > positions.length) {
      const larger = new BigInt64Array(2 * (count + rows.length));
      larger.set(positions);
      positions = larger;
    }
    for (const row of rows) positions[count++] = BigInt(row.position);
  }
}
