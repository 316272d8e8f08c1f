import { sql } from 'drizzle-orm';
import { check, integer, jsonb, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import type { Item } from './messages.ts';

/** The messages that were received. The outbox is made by `npm run outbox -- init`: drizzle/0000_outbox.sql. */
export { inbox } from '../../src/db/schema.ts';

export const inventory = pgTable(
  'inventory',
  {
    productId: text('product_id').primaryKey(),
    available: integer('quantity_available').notNull(),
    reserved: integer('quantity_reserved').notNull().default(0),
    version: integer('version').notNull().default(1),
  },
  ({ available, reserved }) => [check('inventory_valid', sql`${available} >= 0 AND ${reserved} >= 0`)],
);
export type Stock = typeof inventory.$inferSelect;

/** A row for each order that was heard of. Its status goes from reserved to paid to released; refused and released are ends. */
export const reservations = pgTable('inventory_reservations', {
  orderId: text('order_id').primaryKey(),
  status: text('status').$type<'reserved' | 'paid' | 'released' | 'refused'>().notNull(),
  items: jsonb('items').$type<readonly Item[]>().notNull(),
  expiresAt: timestamp('expires_at', { withTimezone: true, precision: 3 }),
});
export type Reservation = typeof reservations.$inferSelect;
