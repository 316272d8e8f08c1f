import type { Expiry } from '../../src/inbox/expiry/expiry.ts';
import type { Receptor } from '../../src/receptors/receptor.ts';
import type { Item, KeepItems, ReleaseItems, ReserveItems } from './messages.ts';
import { findExpired, findReservation, findStock, moveStock, putReservation } from './store.ts';

const NOTHING = { answer: undefined, events: [] };
/** One event of an order, its first or second, and what is written along with it. */
const decision = <Body extends { orderId: string }>(
  version: number,
  type: string,
  body: Body,
  write: () => Promise<unknown>,
) => ({
  answer: undefined,
  events: [{ type, body, aggregateId: body.orderId, aggregateVersion: version }],
  write,
});

/** All items of an order, or none of them. To have too little is an answer and no error: it is committed, and published. */
const reserveItems =
  (expiresAfterMs: number): Receptor<ReserveItems, void> =>
  ({ orderId, items, totalAmount }) => ({
    decide: async (db, now) => {
      const wanted = byProduct(items);
      const [known, stock] = await Promise.all([findReservation(db, orderId), findStock(db, wanted)]);
      if (known) return NOTHING; // it was cancelled before it came
      const shortages = wanted.flatMap(({ productId, quantity: requested }) => {
        const available = stock.find((each) => each.productId === productId)?.available ?? 0;
        return available < requested ? [{ productId, requested, available }] : [];
      });
      const expiresAt = new Date(now.getTime() + expiresAfterMs);
      if (shortages.length > 0) {
        const refused = { orderId, status: 'refused', items: [], expiresAt: null } as const;
        const body = { orderId, items: shortages };
        return decision(1, 'InventoryInsufficient', body, () => putReservation(db, refused));
      }
      const reserved = { orderId, status: 'reserved', items: wanted, expiresAt } as const;
      const body = { orderId, totalAmount, items: wanted, expiresAt };
      return decision(1, 'InventoryReserved', body, () =>
        Promise.all([putReservation(db, reserved), moveStock(db, stock, wanted, 1)]),
      );
    },
  });

/** What is paid does not expire. */
const keepItems: Receptor<KeepItems, void> = ({ orderId }) => ({
  decide: async (db) => {
    const known = await findReservation(db, orderId);
    if (known?.status !== 'reserved') return NOTHING;
    return { ...NOTHING, write: () => putReservation(db, { ...known, status: 'paid' }, known) };
  },
});

/** Once: what is released is reserved no more. An order that comes after its own end finds this row, and gets nothing. */
const releaseItems: Receptor<ReleaseItems, void> = ({ orderId, reason, unlessPaid }) => ({
  decide: async (db) => {
    const known = await findReservation(db, orderId);
    const released = { orderId, status: 'released', items: known?.items ?? [], expiresAt: null } as const;
    if (!known) return { ...NOTHING, write: () => putReservation(db, released) };
    if (known.status !== 'reserved' && (known.status !== 'paid' || unlessPaid)) return NOTHING;
    const stock = await findStock(db, known.items);
    return decision(2, 'InventoryReleased', { orderId, reason }, () =>
      Promise.all([putReservation(db, released, known), moveStock(db, stock, known.items, -1)]),
    );
  },
});

export const createReceptors = (expiresAfterMs: number) => ({
  ReserveItems: reserveItems(expiresAfterMs),
  KeepItems: keepItems,
  ReleaseItems: releaseItems,
});
export type Receptors = ReturnType<typeof createReceptors>;

const OVERDUE = { reason: 'Not paid in time', unlessPaid: true };
export const expiry: Expiry<Receptors> = {
  find: findExpired,
  toCommand: (orderId) => ({ type: 'ReleaseItems', body: { orderId, ...OVERDUE } }),
  done: 'Released what nobody has paid in time',
};

/** Each product once: an order may name one in several lines. */
function byProduct(items: readonly Item[]): Item[] {
  const sums = new Map<string, number>();
  for (const { productId, quantity } of items) sums.set(productId, (sums.get(productId) ?? 0) + quantity);
  return Array.from(sums, ([productId, quantity]) => ({ productId, quantity }));
}
