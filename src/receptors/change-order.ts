import type { Database } from '../db/database.ts';
import { type Order, orderNotFound, requireVersion } from '../orders/order.ts';
import { changeOf, type Occurrence } from '../orders/order-change.ts';
import { isRecorded, recordChange } from '../orders/order-history-store.ts';
import { lockOrder } from '../orders/order-store.ts';
import type { InTransaction } from './receptor.ts';

export interface ChangeRequest {
  readonly orderId: string;
  /** Only if it is theirs. */
  readonly owner?: string | undefined;
  /** Only while the order has one of them. */
  readonly versions?: readonly number[] | undefined;
}

/**
 * Records what happens to an order, and answers with the order as it is then: a state, a version, an entry of its history and an
 * event are written together or, when it changes nothing, not at all. Throws ORDER_NOT_FOUND, ORDER_LOCKED, ORDER_VERSION_MISMATCH or
 * ORDER_NOT_CANCELLABLE.
 */
export function changeOrder(request: ChangeRequest, occurrence: Occurrence): InTransaction<Order> {
  const { orderId, owner, versions } = request;
  return {
    // With the owner: how busy an order is tells others nothing of it.
    locks: owner === undefined ? orderId : JSON.stringify([owner, orderId]),
    decide: async (db: Database, now: Date, causeId: string) => {
      const order = await lockOrder(db, orderId, owner);
      if (!order) throw orderNotFound();
      if (versions) requireVersion(order, versions);
      const change = changeOf(order, occurrence, now);
      if (!change || (change.isNote && (await isRecorded(db, change)))) return { answer: order, events: [] };
      return {
        answer: change.order,
        events: [change.event],
        write: () => recordChange(db, change, causeId),
      };
    },
  };
}
