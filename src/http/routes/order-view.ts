import { type Static, Type } from '@sinclair/typebox';
import { OrderCreated } from '../../messages/order-created.ts';
import { describeOrder, type Order, orderNotFound } from '../../orders/order.ts';
import { OrderStatus } from '../../orders/order-status.ts';

const { createdAt } = OrderCreated.properties;
const [orderExample] = OrderCreated['examples'] as [OrderCreated];

/** An order as it stands now: what its event said, and what has become of it. */
export const OrderView = Type.Object(
  { ...OrderCreated.properties, status: OrderStatus, updatedAt: createdAt },
  {
    title: 'Order',
    additionalProperties: false,
    examples: [{ ...orderExample, status: 'Pending', updatedAt: orderExample.createdAt }],
  },
);
export type OrderView = Static<typeof OrderView>;

export function viewOrder(order: Order): OrderView {
  return { ...describeOrder(order), status: order.status, updatedAt: order.updatedAt.toISOString() };
}

export const OrderParams = Type.Object({
  orderId: Type.String({
    description: '32 lower-case hex digits',
    examples: ['0193c0ffee007abc8def0123456789ab'],
  }),
});

const ORDER_ID = /^[0-9a-f]{32}$/;

/** The order's id. Throws ORDER_NOT_FOUND for what cannot be one, so that nobody is asked about it. */
export function orderIdOf({ orderId }: Static<typeof OrderParams>): string {
  if (!ORDER_ID.test(orderId)) throw orderNotFound();
  return orderId;
}
