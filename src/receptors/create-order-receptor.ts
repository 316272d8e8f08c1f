import type { CreateOrder } from '../messages/create-order.ts';
import { ORDER_CREATED } from '../messages/order-created.ts';
import { describeOrder, type Order, placeOrder, priceOrder } from '../orders/order.ts';
import { insertOrder } from '../orders/order-store.ts';
import type { Receptor } from './receptor.ts';

/** Prices the order, keeps it, and answers with it. Throws ORDER_INVALID. */
export const createOrderReceptor: Receptor<CreateOrder, Order> = (command, newId) => {
  const priced = priceOrder(command, () => newId().replaceAll('-', ''));
  return {
    decide: async (db, now) => {
      const order = placeOrder(priced, now);
      const { orderId: aggregateId, version: aggregateVersion } = order;
      return {
        answer: order,
        events: [{ type: ORDER_CREATED, aggregateId, aggregateVersion, body: describeOrder(order) }],
        write: () => insertOrder(db, order),
      };
    },
  };
};
