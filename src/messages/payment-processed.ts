import { type Static, Type } from '@sinclair/typebox';
import { Amount, foreignId, OrderId } from './order-fields.ts';

export const PAYMENT_PROCESSED = 'PaymentProcessed';

/** The payment service's event that an order is paid. */
export const PaymentProcessed = Type.Object(
  { orderId: OrderId, paymentId: foreignId('pay-1'), amount: Amount },
  {
    title: 'PaymentProcessed',
    examples: [{ orderId: '0193c0ffee007abc8def0123456789ab', paymentId: 'pay-1', amount: 89.97 }],
  },
);
export type PaymentProcessed = Static<typeof PaymentProcessed>;
