import assert from 'node:assert/strict';
import type pg from 'pg';
import type { Exchange } from './exchange.ts';

export interface OrderBody {
  readonly orderId: string;
  readonly customerId: string;
  readonly items: readonly Readonly<Record<string, unknown>>[];
  readonly shippingAddress: Readonly<Record<string, string>>;
  readonly totalAmount: number;
  readonly createdAt: string;
}

export interface Counts {
  readonly orders: number;
  readonly created: number;
  readonly cancelled: number;
}

/** How many orders there are, and how many events of each type. */
export async function countRows(db: pg.Pool): Promise<Counts> {
  const { rows } = await db.query<Counts>(
    `SELECT (SELECT count(*)::int FROM orders) orders,
            count(*) FILTER (WHERE message_type = 'OrderCreated')::int created,
            count(*) FILTER (WHERE message_type = 'OrderCancelled')::int cancelled
       FROM outbox`,
  );
  return rows[0] as Counts;
}

/** Fails unless the order is in the tables exactly as it was answered, and its event says the same. */
export async function checkStored(db: pg.Pool, order: OrderBody, isCancelled: boolean): Promise<void> {
  const { rows } = await db.query(
    `SELECT o.customer_id "customerId", o.total_amount::float8 "totalAmount", o.shipping_address "shippingAddress",
            o.created_at "createdAt", o.status,
            (SELECT json_agg(json_build_object('productId', product_id, 'quantity', quantity, 'unitPrice', unit_price,
                                               'lineTotal', line_total) ORDER BY line_number)
               FROM order_items i WHERE i.order_id = o.order_id) items,
            (SELECT message_body FROM outbox WHERE aggregate_id = o.order_id AND message_type = 'OrderCreated') event
       FROM orders o WHERE o.order_id = $1`,
    [order.orderId],
  );
  const [{ event, status, createdAt, ...stored }] = rows;
  const { orderId, customerId, items, shippingAddress, totalAmount } = order;
  assert.deepEqual(stored, { customerId, items, shippingAddress, totalAmount });
  assert.equal(createdAt.toISOString(), order.createdAt);
  assert.equal(status, isCancelled ? 'Cancelled' : 'Pending');
  assert.deepEqual(event, {
    orderId,
    customerId,
    items,
    shippingAddress,
    totalAmount,
    createdAt: order.createdAt,
  });
}

/** The orders that these answers say are new. */
export const createdBy = (exchanges: readonly Exchange[]): OrderBody[] =>
  exchanges.flatMap(({ attempt, status, headers, body }) =>
    attempt.operation === 'createOrder' && status === 201 && !headers.has('idempotency-replayed')
      ? [body as OrderBody]
      : [],
  );

/** The orders that these answers say are cancelled. */
export const cancelledBy = (exchanges: readonly Exchange[]): Set<string> =>
  new Set(
    exchanges.flatMap(({ attempt, status, body }) =>
      attempt.operation === 'cancelOrder' && status === 200 ? [(body as OrderBody).orderId] : [],
    ),
  );
