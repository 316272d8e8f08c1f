import type { CancelOrder } from '../messages/cancel-order.ts';
import { cancelledByCustomer } from '../orders/occurrences.ts';
import type { Order } from '../orders/order.ts';
import { changeOrder } from './change-order.ts';
import type { Receptor } from './receptor.ts';

/**
 * Cancels the order and answers with it; one that is cancelled already stays as it is and has no second event.
 * Throws ORDER_NOT_FOUND, ORDER_LOCKED, ORDER_VERSION_MISMATCH or ORDER_NOT_CANCELLABLE.
 */
export const cancelOrderReceptor: Receptor<CancelOrder, Order> = (command) =>
  changeOrder(command, cancelledByCustomer(command));
