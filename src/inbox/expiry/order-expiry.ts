import { EXPIRE_ORDER } from '../../messages/expire-order.ts';
import { findOverdueOrders } from '../../orders/find-overdue-orders.ts';
import type { Receptors } from '../../receptors/registry.ts';
import type { Expiry } from './expiry.ts';

/** Orders that have been pending for too long are cancelled. `after`: ORDER_EXPIRES_AFTER as it is configured, and in milliseconds. */
export function orderExpiry(after: { readonly text: string; readonly ms: number }): Expiry<Receptors> {
  const reason = `No answer within ${after.text}`;
  return {
    find: (db, most) => findOverdueOrders(db, after.ms, most),
    toCommand: (orderId) => ({ type: EXPIRE_ORDER, body: { orderId, reason } }),
    done: `Cancelled orders that had no answer within ${after.text}`,
  };
}
