import { type Static, Type } from '@sinclair/typebox';
import { Amount, CustomerId, foreignId, instant, OrderId } from './order-fields.ts';

export const ORDER_PAID = 'OrderPaid';

/** The event that an order was paid. */
export const OrderPaid = Type.Object(
  {
    orderId: OrderId,
    customerId: CustomerId,
    paymentId: foreignId('pay-1'),
    amount: Amount,
    paidAt: instant('2024-12-12T10:31:00.000Z'),
  },
  {
    title: 'OrderPaid',
    additionalProperties: false,
    examples: [
      {
        orderId: '0193c0ffee007abc8def0123456789ab',
        customerId: 'cust-123',
        paymentId: 'pay-1',
        amount: 89.97,
        paidAt: '2024-12-12T10:31:00.000Z',
      },
    ],
  },
);
export type OrderPaid = Static<typeof OrderPaid>;
