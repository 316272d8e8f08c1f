import { type Static, Type } from '@sinclair/typebox';
import { CancelReason, CustomerId, OrderId } from './order-fields.ts';

export const ORDER_CANCELLED = 'OrderCancelled';

/** The event that an order was cancelled, and why. */
export const OrderCancelled = Type.Object(
  {
    orderId: OrderId,
    customerId: CustomerId,
    reason: CancelReason,
    cancelledAt: Type.String({ format: 'date-time', examples: ['2024-12-12T10:45:00.000Z'] }),
  },
  {
    additionalProperties: false,
    examples: [
      {
        orderId: '0193c0ffee007abc8def0123456789ab',
        customerId: 'cust-123',
        reason: 'Ordered twice',
        cancelledAt: '2024-12-12T10:45:00.000Z',
      },
    ],
  },
);
export type OrderCancelled = Static<typeof OrderCancelled>;
