import type { Order } from '../orders/order.ts';
import type { Occurrence } from '../orders/order-change.ts';
import { changeOrder } from './change-order.ts';
import type { Receptor } from './receptor.ts';

/** A receptor that records what its command tells an order of, and answers with the order. Throws ORDER_NOT_FOUND and ORDER_LOCKED. */
export const recordingReceptor =
  <Command extends { orderId: string }>(
    toOccurrence: (command: Command) => Occurrence,
  ): Receptor<Command, Order> =>
  (command) =>
    changeOrder({ orderId: command.orderId }, toOccurrence(command));
