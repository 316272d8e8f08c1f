import { and, asc, eq, inArray, lt, sql } from 'drizzle-orm';
import type { Database } from '../../src/db/database.ts';
import { HandlingError } from '../../src/inbox/handling/handling-error.ts';
import type { Item } from './messages.ts';
import { inventory, type Reservation, reservations, type Stock } from './schema.ts';

export const listStock = (db: Database) => db.select().from(inventory).orderBy(asc(inventory.productId));

/** Always in the same order, in which they are changed then: so nobody waits for a lock in a circle. */
export const findStock = (db: Database, items: readonly Item[]): Promise<Stock[]> => {
  const products = items.map(({ productId }) => productId);
  return listStock(db).where(inArray(inventory.productId, products));
};

/** Makes these items reserved (1), or available again (-1). Throws VERSION_CONFLICT if the stock is not what was seen any more. */
export async function moveStock(db: Database, seen: readonly Stock[], items: readonly Item[], sign: 1 | -1) {
  const moves = seen.map(async ({ productId, available, reserved, version }) => {
    const quantity = sign * (items.find((item) => item.productId === productId)?.quantity ?? 0);
    const changed = await db
      .update(inventory)
      .set({ available: available - quantity, reserved: reserved + quantity, version: version + 1 })
      .where(and(eq(inventory.productId, productId), eq(inventory.version, version)));
    assertChanged(changed, productId);
  });
  await Promise.all(moves);
}

export async function addStock(db: Database, { productId, quantity }: Item): Promise<Stock | undefined> {
  const set = {
    available: sql`${inventory.available} + ${quantity}`,
    version: sql`${inventory.version} + 1`,
  };
  const added = db.insert(inventory).values({ productId, available: quantity });
  return (await added.onConflictDoUpdate({ target: inventory.productId, set }).returning())[0];
}

export async function findReservation(db: Database, orderId: string): Promise<Reservation | undefined> {
  return (await db.select().from(reservations).where(eq(reservations.orderId, orderId)))[0];
}

/** Throws VERSION_CONFLICT if its status is not what was seen any more; without `seen`, if the order was heard of meanwhile. */
export async function putReservation(db: Database, reservation: Reservation, seen?: Reservation) {
  const setWhere = eq(reservations.status, seen?.status ?? sql`NULL`);
  const { orderId, status } = reservation;
  const put = db.insert(reservations).values(reservation);
  const changed = await put.onConflictDoUpdate({ target: reservations.orderId, set: { status }, setWhere });
  assertChanged(changed, orderId);
}

/** Orders whose reservations nobody has paid in time. */
export async function findExpired(db: Database, most: number): Promise<string[]> {
  const isExpired = and(eq(reservations.status, 'reserved'), lt(reservations.expiresAt, sql`now()`));
  const rows = await db.select().from(reservations).where(isExpired).limit(most);
  return rows.map(({ orderId }) => orderId);
}

/** After a VERSION_CONFLICT the inbox handles the message anew: it reads what there is by then. */
function assertChanged({ rowCount }: { rowCount: number | null }, what: string): void {
  if (rowCount === 0) throw new HandlingError('VERSION_CONFLICT', `Somebody else has changed ${what}`);
}
