import { type Static, Type } from '@sinclair/typebox';
import { OrderStatus } from '../orders/order-status.ts';
import { CancelReason, CustomerId, instant, OrderId, readableText } from './order-fields.ts';

export const ORDER_NOTED = 'OrderNoted';

/** The event that an order was told of something that leaves its state as it is: it comes late, contradicts it, or is no change. */
export const OrderNoted = Type.Object(
  {
    orderId: OrderId,
    customerId: CustomerId,
    status: OrderStatus,
    note: readableText(128, {
      description: 'The type of the event that it was told of',
      examples: ['PaymentFailed'],
    }),
    reason: CancelReason,
    notedAt: instant('2024-12-12T10:31:00.000Z'),
  },
  {
    title: 'OrderNoted',
    additionalProperties: false,
    examples: [
      {
        orderId: '0193c0ffee007abc8def0123456789ab',
        customerId: 'cust-123',
        status: 'Pending',
        note: 'PaymentFailed',
        reason: 'Payment failed: Card declined',
        notedAt: '2024-12-12T10:31:00.000Z',
      },
    ],
  },
);
export type OrderNoted = Static<typeof OrderNoted>;
