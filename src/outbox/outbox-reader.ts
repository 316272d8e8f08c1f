import { and, asc, eq } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { orders, outbox } from '../db/schema.ts';
import type { Owner } from '../orders/order.ts';
import type { OrderEvent } from '../orders/order-event.ts';

// Far more than an order has; other programs may insert as many rows for one as they like.
const MOST_EVENTS = 1_000;

/** Whether there is an event with this id. */
export async function hasEvent(db: Database, messageId: string): Promise<boolean> {
  const rows = await db.select({}).from(outbox).where(eq(outbox.messageId, messageId));
  return rows.length > 0;
}

/** The first 1,000 events of an order in the order in which they are published; undefined when the owner has no such order. */
export async function findOrderEvents(
  db: Database,
  orderId: string,
  owner: Owner,
): Promise<OrderEvent[] | undefined> {
  const rows = await db
    .select({
      messageId: outbox.messageId,
      type: outbox.messageType,
      createdAt: outbox.createdAt,
      publishedAt: outbox.processedAt,
      parkedAt: outbox.parkedAt,
      droppedAt: outbox.droppedAt,
    })
    .from(orders)
    .leftJoin(outbox, eq(outbox.aggregateId, orders.orderId))
    .where(and(eq(orders.orderId, orderId), owner === undefined ? undefined : eq(orders.customerId, owner)))
    .orderBy(asc(outbox.position))
    .limit(MOST_EVENTS);
  if (rows.length === 0) return undefined;
  return rows.flatMap(({ messageId, type, createdAt, ...times }) =>
    messageId && type && createdAt ? { messageId, type, createdAt, ...times } : [],
  );
}
