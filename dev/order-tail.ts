import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { JournalEntry } from './service-bus/journal.ts';
import type { Stack } from './stack.ts';

const LOOK_EVERY_MS = 100;

interface StoredOrder {
  readonly customerId: string;
  readonly totalAmount: string;
  /** When the last change of it was committed, in milliseconds since 1970; null where PostgreSQL does not note it. */
  readonly committedAt: number | null;
}

/** Says a line for each message that Service Bus takes in from now on, until `stopped`. Takes nothing away from receivers. */
export async function tailOrders(
  { bus, databaseUrl }: Pick<Stack, 'bus' | 'databaseUrl'>,
  say: (line: string) => void,
  stopped: AbortSignal,
): Promise<void> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
  // The database may go and come; a line without an order is said then.
  pool.on('error', () => undefined);
  try {
    for (let seen = bus.journal.total; !stopped.aborted; ) {
      const entries = bus.journal.entries(seen + 1);
      seen += entries.length;
      for (const entry of entries) {
        const { aggregateId } = entry.applicationProperties;
        const orderId = typeof aggregateId === 'string' ? aggregateId : '';
        say(orderLine(entry, orderId, await findOrder(pool, orderId)));
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal: stopped }).catch(() => undefined);
    }
  } finally {
    await pool.end();
  }
}

/** `01a2… cust-123 89.97 → OrderCreated on orders in 4.1 ms` */
export function orderLine(
  { subject, entity, at, duplicate }: Pick<JournalEntry, 'subject' | 'entity' | 'at' | 'duplicate'>,
  orderId: string,
  order: StoredOrder | undefined,
): string {
  const whose = order ? ` ${order.customerId} ${order.totalAmount}` : '';
  const took = order?.committedAt ? ` in ${Math.max(0, at - order.committedAt).toFixed(1)} ms` : '';
  const again = duplicate ? ', which it had already' : '';
  return `${orderId.slice(0, 4)}…${whose} → ${subject} on ${entity}${took}${again}`;
}

async function findOrder(pool: pg.Pool, orderId: string): Promise<StoredOrder | undefined> {
  try {
    const { rows } = await pool.query<StoredOrder>(
      `SELECT customer_id AS "customerId", total_amount::text AS "totalAmount",
         (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000)::float8 AS "committedAt"
       FROM orders WHERE order_id = $1`,
      [orderId],
    );
    return rows[0];
  } catch {
    return undefined; // the database is away just now, and the message is there all the same
  }
}
