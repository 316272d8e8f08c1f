import { and, asc, eq, lt, sql } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { orders } from '../db/schema.ts';

/**
 * The ids of at most `limit` orders that have been pending for longer than so many milliseconds, by the database's clock, the oldest
 * first. One that somebody has locked is passed over.
 */
export async function findOverdueOrders(db: Database, afterMs: number, limit: number): Promise<string[]> {
  const rows = await db
    .select({ orderId: orders.orderId })
    .from(orders)
    .where(and(eq(orders.status, 'Pending'), lt(orders.createdAt, sql`now() - ${afterMs} * interval '1 ms'`)))
    .orderBy(asc(orders.createdAt), asc(orders.orderId))
    .limit(limit)
    .for('key share', { skipLocked: true });
  return rows.map(({ orderId }) => orderId);
}
