import { type Static, Type } from '@sinclair/typebox';
import { foreignReason, OrderId } from './order-fields.ts';

export const PAYMENT_FAILED = 'PaymentFailed';

/** The payment service's event that an order could not be paid. */
export const PaymentFailed = Type.Object(
  { orderId: OrderId, reason: foreignReason('Card declined') },
  {
    title: 'PaymentFailed',
    examples: [{ orderId: '0193c0ffee007abc8def0123456789ab', reason: 'Card declined' }],
  },
);
export type PaymentFailed = Static<typeof PaymentFailed>;
