import { ORDER_CANCELLED } from '../messages/order-cancelled.ts';
import { ORDER_CREATED } from '../messages/order-created.ts';
import type { Order } from './order.ts';

/** Who can bring a change of an order about. */
export const ORDER_ACTORS = ['customer', 'inventory', 'payments', 'shipping', 'expiry'] as const;
export type OrderActor = (typeof ORDER_ACTORS)[number];

/** What has made an order what it is since this version. */
export interface HistoryEntry {
  readonly version: number;
  readonly status: string;
  /** The type of the event that says so. */
  readonly event: string;
  readonly by: string;
  readonly reason: string | undefined;
  readonly at: Date;
}

export interface OrderWithHistory {
  readonly order: Order;
  /** One entry for each version, from the first on. */
  readonly history: readonly HistoryEntry[];
}

/** The order with its whole history: that it was created, which it says itself, and what is kept of its later versions. */
export function withHistory(order: Order, kept: readonly HistoryEntry[]): OrderWithHistory {
  const history = [created(order), ...kept];
  return { order, history: history.length < order.version ? [...history, cancelledBefore(order)] : history };
}

const created = ({ createdAt }: Order): HistoryEntry => ({
  version: 1,
  status: 'Pending',
  event: ORDER_CREATED,
  by: 'customer',
  reason: undefined,
  at: createdAt,
});

/** An order that was changed before histories were kept: its customer had cancelled it, which was the only change there was. */
const cancelledBefore = ({ version, status, updatedAt }: Order): HistoryEntry => ({
  version,
  status,
  event: ORDER_CANCELLED,
  by: 'customer',
  reason: undefined,
  at: updatedAt,
});
