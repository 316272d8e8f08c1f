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
import { errorCode } from '../core/errors.ts';
import type { Database } from '../db/database.ts';
import { prepared } from '../db/prepared.ts';
import { orderItems, orders } from '../db/schema.ts';
import type { Address } from '../messages/order-fields.ts';
import { fromNumeric, toNumeric } from './money.ts';
import { type Order, type Owner, orderLocked } from './order.ts';
import type { OrderPage, OrderPlace, OrderQuery } from './order-query.ts';

const { placeholder } = sql;

/** What one page may take from memory and from the event loop. */
const MAX_PAGE_ITEMS = 2_000;
/** Shorter than anybody waits for a connection: those who wait for the ones that are held so see them come back. */
const LOCK_WAIT_MS = 500;
const LOCK_NOT_AVAILABLE = '55P03'; // https://www.postgresql.org/docs/current/errcodes-appendix.html

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

const limitLockWait = prepared((db) =>
  db
    .select({ set: sql`set_config('lock_timeout', ${`${LOCK_WAIT_MS}ms`}, true)` })
    .from(sql`(values (1)) as one`)
    .prepare('limit_lock_wait'),
);
const selectOrderForUpdate = prepared((db) =>
  selectOrder(db, placeholder('orderId'), undefined).for('update', { of: orders }).prepare('lock_order'),
);
const selectOwnOrderForUpdate = prepared((db) =>
  selectOrder(db, placeholder('orderId'), placeholder('owner'))
    .for('update', { of: orders })
    .prepare('lock_own_order'),
);

/**
 * The same, and nobody else changes the order until the transaction ends. Whoever changes an order begins with this: then the
 * order's events are inserted, committed and published one after the other. Throws ORDER_LOCKED when somebody else keeps it locked
 * for half a second: longer would take a connection from those who ask for other orders.
 */
export async function lockOrder(db: Database, orderId: string, owner: Owner): Promise<Order | undefined> {
  // Sent together, and within the transaction alone: a session may be shared by means of a pooler.
  const [, locked] = await Promise.allSettled([
    limitLockWait(db).execute(),
    owner === undefined
      ? selectOrderForUpdate(db).execute({ orderId })
      : selectOwnOrderForUpdate(db).execute({ orderId, owner }),
  ]);
  if (locked.status === 'fulfilled') return toOrder(locked.value);
  throw errorCode(locked.reason) === LOCK_NOT_AVAILABLE ? orderLocked(locked.reason) : locked.reason;
}

const updateOrderRow = prepared((db) =>
  db
    .update(orders)
    .set({
      status: sql`${placeholder('status')}`,
      updatedAt: sql`${sql.param(placeholder('updatedAt'), orders.updatedAt)}`,
      version: sql`${placeholder('version')}`,
    })
    .where(eq(orders.orderId, placeholder('orderId')))
    .prepare('update_order'),
);

/** Writes what can change about an order that is locked. */
export async function updateOrder(db: Database, order: Order): Promise<void> {
  const { orderId, status, updatedAt, version } = order;
  await updateOrderRow(db).execute({ orderId, status, updatedAt, version });
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
  const page = await withItems(db, rows.slice(0, limit));
  return { orders: page, next: rows.length > page.length ? page.at(-1) : undefined };
}

/** The first of the orders with their items: those whose items are few enough together, at least one. */
async function withItems(db: Database, rows: readonly OrderRow[]): Promise<Order[]> {
  const items = await findItems(
    db,
    rows.map(({ orderId }) => orderId),
  );
  // Of the last order that has some, and of those behind it, there may be more.
  const wholeRows =
    items.length < MAX_PAGE_ITEMS
      ? rows.length
      : rows.findIndex((row) => row.orderId === items.at(-1)?.orderId);
  const [first] = rows;
  if (first && wholeRows === 0)
    return [await findOrder(db, first.orderId, undefined)].filter((order) => order !== undefined);
  const itemsOf = Map.groupBy(items, ({ orderId }) => orderId);
  return rows.slice(0, wholeRows).map((row) => orderOf(row, itemsOf.get(row.orderId) ?? []));
}

/** One comparison of both columns, which an index on them answers as a range. */
function comesAfter({ createdAt, orderId }: OrderPlace): SQL {
  return sql`(${orders.createdAt}, ${orders.orderId}) < (${sql.param(createdAt, orders.createdAt)}, ${orderId})`;
}

/**
 * The items of these orders, order by order, at most MAX_PAGE_ITEMS. A statement of its own, because an order's items are committed
 * with it and stay as they are.
 */
async function findItems(db: Database, orderIds: readonly string[]): Promise<ItemRow[]> {
  if (orderIds.length === 0) return [];
  return db
    .select()
    .from(orderItems)
    .where(inArray(orderItems.orderId, [...orderIds]))
    .orderBy(
      sql`array_position(${sql.param(orderIds)}::text[], ${orderItems.orderId})`,
      asc(orderItems.lineNumber),
    )
    .limit(MAX_PAGE_ITEMS);
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
