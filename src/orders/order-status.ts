import { Type } from '@sinclair/typebox';

/** Every state that an order can be in. What leads from one to the next: order-transitions.ts. */
export const ORDER_STATUSES = ['Pending', 'PaymentProcessed', 'Shipped', 'Delivered', 'Cancelled'] as const;
export type OrderState = (typeof ORDER_STATUSES)[number];

/** Documents the state of an order; a text in our types, since the database has it as one. */
export const OrderStatus = Type.Unsafe<string>({
  title: 'OrderStatus',
  type: 'string',
  enum: [...ORDER_STATUSES],
  examples: ['Pending'],
});
