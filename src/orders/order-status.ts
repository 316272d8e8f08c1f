import { Type } from '@sinclair/typebox';

/** Every state that an order can be in. Here it is begun and cancelled; what pays, ships and delivers it writes the others. */
export const ORDER_STATUSES = ['Pending', 'PaymentProcessed', 'Shipped', 'Delivered', 'Cancelled'] as const;

/** Documents the state of an order; a text in our types, since the database has it as one. */
export const OrderStatus = Type.Unsafe<string>({
  title: 'OrderStatus',
  type: 'string',
  enum: [...ORDER_STATUSES],
  examples: ['Pending'],
});
