import type { Order } from './order.ts';

/** Which orders, newest first, and where to go on. */
export interface OrderQuery {
  readonly customerId?: string | undefined;
  readonly status?: string | undefined;
  /** Both bounds are left out themselves. */
  readonly createdAfter?: Date | undefined;
  readonly createdBefore?: Date | undefined;
  readonly limit: number;
  /** The last order of the page before. */
  readonly after?: OrderPlace | undefined;
}

/** Where an order stands among all: its creation, and its id among those of one instant. */
export type OrderPlace = Pick<Order, 'createdAt' | 'orderId'>;

export interface OrderPage {
  readonly orders: readonly Order[];
  /** Where to go on; undefined at the end. */
  readonly next: OrderPlace | undefined;
}
