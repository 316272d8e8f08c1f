import type { CreateOrder } from '../messages/create-order.ts';
import { ORDER_CREATED, type OrderCreated } from '../messages/order-created.ts';
import { describeOrder, placeOrder, priceOrder } from '../orders/order.ts';
import { insertOrder } from '../orders/order-store.ts';
import type { Receptor } from './receptor.ts';

/** Prices the order, keeps it, and answers with the event's body. Throws ORDER_INVALID. */
export const createOrderReceptor: Receptor<CreateOrder, OrderCreated> = (command, newId) => {
  const priced = priceOrder(command, () => newId().replaceAll('-', ''));
  return {
    decide: async (db, now) => {
      const order = placeOrder(priced, now);
      const body = describeOrder(order);
      return {
        answer: body,
        events: [{ type: ORDER_CREATED, aggregateId: order.orderId, body }],
        write: () => insertOrder(db, order),
      };
    },
  };
};
