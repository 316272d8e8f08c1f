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

/** The order with its history up to its version: that it was created, which it says itself, and what is kept of the later ones. */
export function withHistory(order: Order, kept: readonly HistoryEntry[]): OrderWithHistory {
  const history = Array.from(
    { length: order.version - 1 },
    (_, n) => kept.find(({ version }) => version === n + 2) ?? cancelledBefore(order, n + 2, kept),
  );
  return { order, history: [created(order), ...history] };
}

const created = ({ createdAt }: Order): HistoryEntry => ({
  version: 1,
  status: 'Pending',
  event: ORDER_CREATED,
  by: 'customer',
  reason: undefined,
  at: createdAt,
});

/**
 * What an order became before histories were kept: its customer had cancelled it, which was the only change there was. If more has
 * happened since, the next entry is the latest time at which that was.
 */
const cancelledBefore = (
  { updatedAt }: Order,
  version: number,
  kept: readonly HistoryEntry[],
): HistoryEntry => ({
  version,
  status: 'Cancelled',
  event: ORDER_CANCELLED,
  by: 'customer',
  reason: undefined,
  at: kept.find((entry) => entry.version > version)?.at ?? updatedAt,
});
