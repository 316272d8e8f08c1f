import type { CreateOrder } from '../messages/create-order.ts';
import { ORDER_CREATED } from '../messages/order-created.ts';
import { describeOrder, type Order, placeOrder } from '../orders/order.ts';
import { insertOrder } from '../orders/order-store.ts';
import type { Receptor } from './receptor.ts';

/** Prices the order, keeps it, and answers with it. Throws ORDER_INVALID. */
export const createOrderReceptor: Receptor<CreateOrder, Order> = (command, { now, newId }) => {
  const order = placeOrder(command, () => newId().replaceAll('-', ''), now);
  const body = describeOrder(order);
  return async (db) => ({
    answer: order,
    events: [{ type: ORDER_CREATED, aggregateId: order.orderId, body }],
    write: () => insertOrder(db, order),
  });
};
