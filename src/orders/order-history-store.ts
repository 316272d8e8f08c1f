import { and, asc, eq, sql } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { prepared } from '../db/prepared.ts';
import { orderHistory } from '../db/schema.ts';
import type { Owner } from './order.ts';
import type { OrderChange } from './order-change.ts';
import { type HistoryEntry, type OrderWithHistory, withHistory } from './order-history.ts';
import { findOrder, updateOrder } from './order-store.ts';

const { placeholder } = sql;

const selectHistory = prepared((db) =>
  db
    .select()
    .from(orderHistory)
    .where(eq(orderHistory.orderId, placeholder('orderId')))
    .orderBy(asc(orderHistory.version))
    .prepare('select_order_history'),
);

const insertEntry = prepared((db) =>
  db
    .insert(orderHistory)
    .values({
      orderId: placeholder('orderId'),
      version: placeholder('version'),
      status: placeholder('status'),
      eventType: placeholder('eventType'),
      changedBy: placeholder('changedBy'),
      reason: placeholder('reason'),
      causationId: placeholder('causationId'),
      changedAt: placeholder('changedAt'),
    })
    .prepare('insert_order_history'),
);

/**
 * The order as it stands now with its history, which ends at that version whatever is written meanwhile. One of another owner is
 * not there. What was never changed costs one statement.
 */
export async function findOrderWithHistory(
  db: Database,
  orderId: string,
  owner: Owner,
): Promise<OrderWithHistory | undefined> {
  const order = await findOrder(db, orderId, owner);
  if (!order) return undefined;
  const { version } = order;
  return withHistory(order, version === 1 ? [] : (await selectHistory(db).execute({ orderId })).map(toEntry));
}

/** Writes a change of an order that is locked, and the entry of its history; `causeId` is what asked for it. */
export async function recordChange(
  db: Database,
  { order, entry }: OrderChange,
  causeId: string,
): Promise<void> {
  const { orderId } = order;
  const { version, status, event: eventType, by: changedBy, reason, at: changedAt } = entry;
  const row = { orderId, version, status, eventType, changedBy, causationId: causeId, changedAt };
  await Promise.all([updateOrder(db, order), insertEntry(db).execute({ ...row, reason: reason ?? null })]);
}

/** Whether the history of an order that is locked has an entry of the same words by the same one. */
export async function isRecorded(db: Database, { order, entry }: OrderChange): Promise<boolean> {
  const { by, reason } = entry;
  const same = await db
    .select({ version: orderHistory.version })
    .from(orderHistory)
    .where(
      and(
        eq(orderHistory.orderId, order.orderId),
        eq(orderHistory.changedBy, by),
        eq(orderHistory.reason, reason ?? ''),
      ),
    )
    .limit(1);
  return same.length > 0;
}

const toEntry = (row: typeof orderHistory.$inferSelect): HistoryEntry => ({
  version: row.version,
  status: row.status,
  event: row.eventType,
  by: row.changedBy,
  reason: row.reason ?? undefined,
  at: row.changedAt,
});
