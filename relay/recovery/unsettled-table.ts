import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { Lsn } from '../lsn.ts';
import { OPEN, UNSETTLED } from '../outbox/outbox-columns.ts';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import type { OutboxStore } from '../outbox/outbox-store.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { haveEnded } from '../outbox/row-visibility.ts';

/** What the table held unsettled when the slot was made. */
export interface UnsettledTable {
  /** The rows, in order; eight bytes each, however many. */
  readonly positions: BigInt64Array;
  /**
   * The orders of which a message was parked then. One that only waited to be sent again is not enough: whoever asked for that may
   * not have been heard, so it is sent with the rest.
   */
  readonly parkedOrders: readonly string[];
  /** Every transaction that committed before it is in `positions` or settled; every later one comes in the stream. */
  readonly consistentLsn: Lsn;
  /** Taken after the scan: what is in progress in it may have committed before, and be seen by others only later. */
  readonly snapshot: string;
}

const CHUNK = 1_000;
const READ_AGAIN_MS = 50;

/** Reads those of the rows that are still unsettled, in order, a thousand at a time. After `signal` it ends, unfinished. */
export async function* readUnsettled(
  store: OutboxStore,
  table: UnsettledTable,
  signal: AbortSignal,
): AsyncGenerator<OutboxMessage[]> {
  for (let at = 0; at < table.positions.length && !signal.aborted; at += CHUNK) {
    yield await readChunk(store, table, [...table.positions.subarray(at, at + CHUNK)], signal);
  }
}

/** A row of the scan that is not seen now was settled or deleted, unless its transaction is one that is not seen yet. */
async function readChunk(
  store: OutboxStore,
  table: UnsettledTable,
  positions: readonly bigint[],
  signal: AbortSignal,
): Promise<OutboxMessage[]> {
  for (;;) {
    const allVisible = haveEnded(table.snapshot, await store.snapshot());
    const messages = await store.readAt(positions);
    if (allVisible || messages.length === positions.length || signal.aborted) return messages;
    await sleep(READ_AGAIN_MS);
  }
}

/** The orders with a parked message, in the snapshot of a transaction that the caller has begun. */
export async function parkedOrders(client: pg.ClientBase, { outbox }: OutboxTable): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(
    `SELECT DISTINCT aggregate_id AS id FROM ${outbox} WHERE parked_at IS NOT NULL AND ${OPEN} AND aggregate_id IS NOT NULL`,
  );
  return rows.map(({ id }) => id);
}

/** The positions of all rows unsettled in the snapshot of a transaction that the caller has begun; eight bytes a row. */
export async function unsettledPositions(
  client: pg.ClientBase,
  { outbox }: OutboxTable,
): Promise<BigInt64Array> {
  await client.query(
    `DECLARE unsettled NO SCROLL CURSOR FOR SELECT position FROM ${outbox} WHERE ${UNSETTLED} ORDER BY position`,
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
