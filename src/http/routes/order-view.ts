import { type Static, Type } from '@sinclair/typebox';
import { OrderCreated } from '../../messages/order-created.ts';
import { describeOrder, type Order, orderNotFound } from '../../orders/order.ts';
import { OrderStatus } from '../../orders/order-status.ts';

const { createdAt } = OrderCreated.properties;
const [orderExample] = OrderCreated['examples'] as [OrderCreated];

/** An order as it stands now: what its event said, and what has become of it. */
export const OrderView = Type.Object(
  {
    ...OrderCreated.properties,
    status: OrderStatus,
    updatedAt: createdAt,
    version: Type.Integer({ minimum: 1, description: 'Its ETag without the quotes', examples: [1] }),
  },
  {
    title: 'Order',
    additionalProperties: false,
    examples: [{ ...orderExample, status: 'Pending', updatedAt: orderExample.createdAt, version: 1 }],
  },
);
export type OrderView = Static<typeof OrderView>;

export function viewOrder(order: Order): OrderView {
  const { status, updatedAt, version } = order;
  return { ...describeOrder(order), status, updatedAt: updatedAt.toISOString(), version };
}

export const OrderParams = Type.Object({
  orderId: Type.String({
    description: '32 lower-case hex digits',
    examples: ['0193c0ffee007abc8def0123456789ab'],
  }),
});

const ORDER_ID = /^[0-9a-f]{32}$/;

export const isOrderId = (text: string) => ORDER_ID.test(text);

/** The order's id. Throws ORDER_NOT_FOUND for what cannot be one, so that nobody is asked about it. */
export function orderIdOf({ orderId }: Static<typeof OrderParams>): string {
  if (!isOrderId(orderId)) throw orderNotFound();
  return orderId;
}
