import {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  gt,
  inArray,
  lt,
  type Placeholder,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { prepared } from '../db/prepared.ts';
import { orderItems, orders } from '../db/schema.ts';
import type { Address } from '../messages/order-fields.ts';
import { fromNumeric, toNumeric } from './money.ts';
import type { Order, Owner } from './order.ts';
import type { OrderPage, OrderPlace, OrderQuery } from './order-query.ts';

const { placeholder } = sql;

// One statement, since each costs the api and the server a turn; and the items' columns as arrays, so that it is one text to
// prepare, however many items there are.
const insertOrderRows = prepared((db) => {
  const placed = db.$with('placed').as(
    db
      .insert(orders)
      .values({
        orderId: placeholder('orderId'),
        customerId: placeholder('customerId'),
        totalAmount: placeholder('totalAmount'),
        status: placeholder('status'),
        shippingAddress: placeholder('shippingAddress'),
        createdAt: placeholder('createdAt'),
        updatedAt: placeholder('updatedAt'),
        version: placeholder('version'),
      })
      .returning({ orderId: orders.orderId, createdAt: orders.createdAt }),
  );
  return db
    .with(placed)
    .insert(orderItems)
    .select(
      sql`select item.id, ${placed.orderId}, line, product, quantity, price, total, ${placed.createdAt}
        from ${placed}, unnest(${placeholder('itemIds')}::text[], ${placeholder('productIds')}::text[],
          ${placeholder('quantities')}::int[], ${placeholder('unitPrices')}::numeric[], ${placeholder('lineTotals')}::numeric[])
          with ordinality as item (id, product, quantity, price, total, line)`,
    )
    .prepare('insert_order');
});

/** Inserts an order and its items. */
export async function insertOrder(db: Database, order: Order): Promise<void> {
  const { items, totalCents } = order;
  await insertOrderRows(db).execute({
    ...order,
    totalAmount: toNumeric(totalCents),
    itemIds: items.map(({ orderItemId }) => orderItemId),
    productIds: items.map(({ productId }) => productId),
    quantities: items.map(({ quantity }) => quantity),
    unitPrices: items.map(({ unitPriceCents }) => toNumeric(unitPriceCents)),
    lineTotals: items.map(({ lineTotalCents }) => toNumeric(lineTotalCents)),
  });
}

const selectOrderById = prepared((db) =>
  selectOrder(db, placeholder('orderId'), undefined).prepare('select_order'),
);
const selectOwnOrder = prepared((db) =>
  selectOrder(db, placeholder('orderId'), placeholder('owner')).prepare('select_own_order'),
);

/** The order as it stands now, from one statement, so that its parts belong together. One of another owner is not there. */
export async function findOrder(db: Database, orderId: string, owner: Owner): Promise<Order | undefined> {
  const rows =
    owner === undefined
      ? selectOrderById(db).execute({ orderId })
      : selectOwnOrder(db).execute({ orderId, owner });
  return toOrder(await rows);
}

/**
 * The same, and nobody else changes the order until the transaction ends. Whoever changes an order begins with this: then the
 * order's events are inserted, committed and published one after the other.
 */
export async function lockOrder(db: Database, orderId: string, owner: Owner): Promise<Order | undefined> {
  return toOrder(await selectOrder(db, orderId, owner).for('update', { of: orders }));
}

/** Writes what can change about an order that is locked. */
export async function updateOrder(db: Database, order: Order): Promise<void> {
  const { orderId, status, updatedAt, version } = order;
  await db.update(orders).set({ status, updatedAt, version }).where(eq(orders.orderId, orderId));
}

/** A page of orders, newest first. What is written meanwhile moves none of the others to another page. */
export async function listOrders(db: Database, query: OrderQuery): Promise<OrderPage> {
  const { customerId, status, createdAfter, createdBefore, limit, after } = query;
  const rows = await db
    .select()
    .from(orders)
    .where(
      and(
        isOf(customerId),
        status === undefined ? undefined : eq(orders.status, status),
        createdAfter && gt(orders.createdAt, createdAfter),
        createdBefore && lt(orders.createdAt, createdBefore),
        after && comesAfter(after),
      ),
    )
    .orderBy(desc(orders.createdAt), desc(orders.orderId))
    .limit(limit + 1); // one more than is wanted tells whether there is another page
  const page = rows.slice(0, limit);
  const itemsOf = await findItems(
    db,
    page.map(({ orderId }) => orderId),
  );
  return {
    orders: page.map((row) => orderOf(row, itemsOf.get(row.orderId) ?? [])),
    next: rows.length > limit ? page.at(-1) : undefined,
  };
}

/** One comparison of both columns, which an index on them answers as a range. */
function comesAfter({ createdAt, orderId }: OrderPlace): SQL {
  return sql`(${orders.createdAt}, ${orders.orderId}) < (${sql.param(createdAt, orders.createdAt)}, ${orderId})`;
}

/** A statement of its own, because an order's items are committed with it and stay as they are. */
async function findItems(db: Database, orderIds: readonly string[]): Promise<Map<string, ItemRow[]>> {
  if (orderIds.length === 0) return new Map();
  const rows = await db
    .select()
    .from(orderItems)
    .where(inArray(orderItems.orderId, [...orderIds]))
    .orderBy(asc(orderItems.lineNumber));
  return Map.groupBy(rows, ({ orderId }) => orderId);
}

function selectOrder(db: Database, orderId: string | Placeholder, owner: Owner | Placeholder) {
  return db
    .select({ order: getTableColumns(orders), item: getTableColumns(orderItems) })
    .from(orders)
    .leftJoin(orderItems, eq(orderItems.orderId, orders.orderId))
    .where(and(eq(orders.orderId, orderId), isOf(owner)))
    .orderBy(asc(orderItems.lineNumber));
}

const isOf = (owner: Owner | Placeholder) => (owner === undefined ? undefined : eq(orders.customerId, owner));

type OrderRow = typeof orders.$inferSelect;
type ItemRow = typeof orderItems.$inferSelect;

function toOrder(rows: readonly { order: OrderRow; item: ItemRow | null }[]): Order | undefined {
  const order = rows[0]?.order;
  return (
    order &&
    orderOf(
      order,
      rows.flatMap(({ item }) => item ?? []),
    )
  );
}

function orderOf(order: OrderRow, items: readonly ItemRow[]): Order {
  return {
    orderId: order.orderId,
    customerId: order.customerId,
    items: items.map(toOrderItem),
    shippingAddress: order.shippingAddress as Address, // written by insertOrder alone
    totalCents: fromNumeric(order.totalAmount),
    status: order.status,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    version: order.version,
  };
}

function toOrderItem(row: ItemRow): Order['items'][number] {
  return {
    orderItemId: row.orderItemId,
    productId: row.productId,
    quantity: row.quantity,
    unitPriceCents: fromNumeric(row.unitPrice),
    lineTotalCents: fromNumeric(row.lineTotal),
  };
}
