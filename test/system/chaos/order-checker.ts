import type pg from 'pg';
import type { PlacedOrder } from './order-clients.ts';
import type { Violation } from './violation.ts';
import type { Committed } from './witness.ts';

/** An order as the database has it. */
export interface StoredOrder {
  readonly orderId: string;
  readonly key: string;
  readonly status: string;
  /** "product quantity price" of each item, in order. */
  readonly items: readonly string[];
}

export async function readStoredOrders(db: pg.Pool): Promise<StoredOrder[]> {
  const { rows } = await db.query<StoredOrder>(
    `SELECT order_id AS "orderId", customer_id AS key, status,
       array_agg(product_id || ' ' || quantity || ' ' || unit_price ORDER BY line_number) AS items
     FROM orders LEFT JOIN order_items USING (order_id) GROUP BY order_id`,
  );
  return rows;
}

/** Compares what clients were answered with the database and with the events that were committed. Pure. */
export function checkOrders(
  placed: readonly PlacedOrder[],
  stored: readonly StoredOrder[],
  committed: readonly Committed[],
): Violation[] {
  const byKey = new Map<string, StoredOrder[]>();
  for (const order of stored) byKey.set(order.key, [...(byKey.get(order.key) ?? []), order]);
  const events = new Map<string, number>();
  for (const { messageType, aggregateId } of committed) {
    const name = `${messageType} ${aggregateId}`;
    events.set(name, (events.get(name) ?? 0) + 1);
  }
  return placed.flatMap((order) => checkOrder(order, byKey.get(order.key) ?? [], events));
}

function checkOrder(
  placed: PlacedOrder,
  stored: readonly StoredOrder[],
  events: ReadonlyMap<string, number>,
): Violation[] {
  const { key, created, cancelled, orderId } = placed;
  const violations: Violation[] = [];
  const say = (kind: Violation['kind'], detail: string) => violations.push({ kind, id: key, detail });
  if (created === 'fail' || cancelled === 'fail')
    say('request refused', `created ${created}, cancelled ${cancelled}: ${placed.refusal}`);
  if (stored.length > 1) say('order twice', stored.map((order) => order.orderId).join(' and '));
  const [order] = stored;
  if (created === 'ok' && order?.orderId !== orderId) say('order missing', `${orderId} was acknowledged`);
  if (!order) return violations;

  const wanted = placed.request.items.map(
    (item) => `${item.productId} ${item.quantity} ${item.unitPrice.toFixed(2)}`,
  );
  if (wanted.join() !== order.items.join())
    say('order wrong', `${order.orderId} has ${order.items.join()}, not ${wanted.join()}`);
  const wrongCount = (type: string, least: number, most: number) => {
    const count = events.get(`${type} ${order.orderId}`) ?? 0;
    if (count < least || count > most) say('order wrong', `${order.orderId} has ${count} ${type}`);
  };
  wrongCount('OrderCreated', 1, 1);
  wrongCount('OrderCancelled', order.status === 'Cancelled' ? 1 : 0, order.status === 'Cancelled' ? 1 : 0);
  if (cancelled === 'ok' && order.status !== 'Cancelled')
    say('order wrong', `${order.orderId} is ${order.status}`);
  return violations;
}
