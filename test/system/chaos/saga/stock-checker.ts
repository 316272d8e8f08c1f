import type { Violation } from '../violation.ts';
import type { Emitted, Reservation, SagaEvidence } from './evidence.ts';

const LIVE: ReadonlySet<string> = new Set(['reserved', 'paid']);
/** How a reservation may stand when its order has ended so. */
const RESERVATIONS: Readonly<Record<string, readonly string[]>> = {
  PaymentProcessed: ['paid'],
  Cancelled: ['released', 'refused'],
};

/** What is in stock is what was there without what is reserved for live orders; each reservation is as its order is. Pure. */
export function checkStock(evidence: SagaEvidence): Violation[] {
  const { emitted, reservations, orders, stock, stockAtTheStart } = evidence;
  const violation = (id: string, detail: string): Violation => ({ kind: 'stock wrong', id, detail });
  const reservedOf = new Map<string, number>();
  for (const { status, items } of reservations) {
    for (const { productId, quantity } of LIVE.has(status) ? items : []) {
      reservedOf.set(productId, (reservedOf.get(productId) ?? 0) + quantity);
    }
  }
  const byOrder = new Map(reservations.map((each) => [each.orderId, each]));
  const events = Map.groupBy(
    emitted.filter(({ service }) => service === 'inventory'),
    ({ aggregateId }) => aggregateId,
  );
  return [
    ...stock.flatMap(({ productId, available, reserved }) => {
      const live = reservedOf.get(productId) ?? 0;
      const left = (stockAtTheStart.get(productId) ?? 0) - live;
      if (available === left && reserved === live) return [];
      const found = `${available} available, ${reserved} reserved`;
      return [violation(productId, `${found}; live orders have ${live}, which leaves ${left}`)];
    }),
    ...orders.flatMap(({ orderId, status }) => {
      const found = byOrder.get(orderId)?.status;
      if (found !== undefined && (RESERVATIONS[status]?.includes(found) ?? true)) return [];
      return [violation(orderId, `is ${status}, and its reservation ${found}`)];
    }),
    ...reservations.flatMap((reservation) => {
      const published = told(events.get(reservation.orderId) ?? []);
      const wanted = eventsOf(reservation);
      if (published === wanted) return [];
      const detail = `is ${reservation.status} and has the events [${published}], not [${wanted}]`;
      return [{ kind: 'version gap', id: reservation.orderId, detail } as const];
    }),
  ];
}

const told = (events: readonly Emitted[]) => events.map(({ version, type }) => `${version} ${type}`).join();

function eventsOf({ status, items }: Reservation): string {
  if (status === 'refused') return '1 InventoryInsufficient';
  if (status !== 'released') return '1 InventoryReserved';
  return items.length === 0 ? '' : '1 InventoryReserved,2 InventoryReleased';
}
