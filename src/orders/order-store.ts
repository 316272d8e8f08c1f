import { asc, eq, getTableColumns } from 'drizzle-orm';
import type { Database } from '../core/db/database.ts';
import { orderItems, orders } from '../core/db/schema.ts';
import type { Address } from '../core/messages/order-fields.ts';
import { fromNumeric, toNumeric } from '../core/money.ts';
import type { Order } from './order.ts';

/** Inserts an order and its items, in two statements however many items there are. */
export async function insertOrder(db: Database, order: Order): Promise<void> {
  const { orderId, customerId, shippingAddress, status, createdAt, updatedAt } = order;
  const totalAmount = toNumeric(order.totalCents);
  await db
    .insert(orders)
    .values({ orderId, customerId, totalAmount, status, shippingAddress, createdAt, updatedAt });
  await db.insert(orderItems).values(
    order.items.map((item, index) => ({
      orderItemId: item.orderItemId,
      orderId,
      lineNumber: index + 1,
      productId: item.productId,
      quantity: item.quantity,
      unitPrice: toNumeric(item.unitPriceCents),
      lineTotal: toNumeric(item.lineTotalCents),
      createdAt,
    })),
  );
}

/** The order as it stands now, from one statement, so that its parts belong together. */
export async function findOrder(db: Database, orderId: string): Promise<Order | undefined> {
  const rows = await db
    .select({ order: getTableColumns(orders), item: getTableColumns(orderItems) })
    .from(orders)
    .leftJoin(orderItems, eq(orderItems.orderId, orders.orderId))
    .where(eq(orders.orderId, orderId))
    .orderBy(asc(orderItems.lineNumber));
  const order = rows[0]?.order;
  if (!order) return undefined;
  return {
    orderId,
    customerId: order.customerId,
    items: rows.flatMap(({ item }) => (item ? [toOrderItem(item)] : [])),
    shippingAddress: order.shippingAddress as Address, // written by insertOrder alone
    totalCents: fromNumeric(order.totalAmount),
    status: order.status,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
  };
}

function toOrderItem(row: typeof orderItems.$inferSelect): Order['items'][number] {
  return {
    orderItemId: row.orderItemId,
    productId: row.productId,
    quantity: row.quantity,
    unitPriceCents: fromNumeric(row.unitPrice),
    lineTotalCents: fromNumeric(row.lineTotal),
  };
}
