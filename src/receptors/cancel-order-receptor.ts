import type { CancelOrder } from '../messages/cancel-order.ts';
import { ORDER_CANCELLED, type OrderCancelled } from '../messages/order-cancelled.ts';
import { cancelOrder, type Order, orderNotFound, requireVersion } from '../orders/order.ts';
import { lockOrder, updateOrder } from '../orders/order-store.ts';
import type { Receptor } from './receptor.ts';

/**
 * Cancels the order and answers with it; one that is cancelled already stays as it is and has no second event.
 * Throws ORDER_NOT_FOUND, ORDER_LOCKED, ORDER_VERSION_MISMATCH or ORDER_NOT_CANCELLABLE.
 */
export const cancelOrderReceptor: Receptor<CancelOrder, Order> = ({ orderId, reason, owner, versions }) => ({
  // With the owner: how busy an order is tells others nothing of it.
  locks: owner === undefined ? orderId : JSON.stringify([owner, orderId]),
  decide: async (db, now) => {
    const order = await lockOrder(db, orderId, owner);
    if (!order) throw orderNotFound();
    if (versions) requireVersion(order, versions);
    const cancelled = cancelOrder(order, now);
    if (cancelled === order) return { answer: order, events: [] };
    const { customerId, updatedAt } = cancelled;
    const body: OrderCancelled = { orderId, customerId, reason, cancelledAt: updatedAt.toISOString() };
    return {
      answer: cancelled,
      events: [{ type: ORDER_CANCELLED, aggregateId: orderId, body }],
      write: () => updateOrder(db, cancelled),
    };
  },
});
