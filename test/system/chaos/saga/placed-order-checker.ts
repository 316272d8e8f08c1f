import type { PlacedOrder } from '../order-clients.ts';
import type { Violation } from '../violation.ts';
import type { EndedOrder } from './evidence.ts';

/** What clients were told is so: an order that was acknowledged is there, once, and one that was cancelled is. Pure. */
export function checkPlacedOrders(
  placed: readonly PlacedOrder[],
  orders: readonly EndedOrder[],
): Violation[] {
  const byKey = Map.groupBy(orders, ({ key }) => key);
  return placed.flatMap(({ key, created, cancelled, orderId, refusal }): Violation[] => {
    const [order, ...others] = byKey.get(key) ?? [];
    const details: readonly (Omit<Violation, 'id'> | false)[] = [
      created === 'fail' && { kind: 'request refused', detail: String(refusal) },
      // Whoever has paid cannot cancel.
      cancelled === 'fail' &&
        !refusal?.startsWith('409') && { kind: 'request refused', detail: String(refusal) },
      others.length > 0 && { kind: 'order twice', detail: `${order?.orderId} and ${others[0]?.orderId}` },
      created === 'ok' &&
        order?.orderId !== orderId && { kind: 'order missing', detail: `${orderId} was acknowledged` },
      cancelled === 'ok' &&
        order?.status !== 'Cancelled' && { kind: 'order wrong', detail: `${orderId} is ${order?.status}` },
    ];
    return details.flatMap((detail) => (detail ? [{ ...detail, id: key }] : []));
  });
}
