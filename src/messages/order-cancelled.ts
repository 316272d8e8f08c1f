import { type Static, Type } from '@sinclair/typebox';
import { CancelReason, CustomerId, OrderId, oneOf } from './order-fields.ts';

export const ORDER_CANCELLED = 'OrderCancelled';

/** Who can bring it about that an order is cancelled. */
export const CANCELLED_BY = ['customer', 'inventory', 'expiry'] as const;

/** The event that an order was cancelled, why, and by whom; `cancelledBy` is not in events from before there was more than one. */
export const OrderCancelled = Type.Object(
  {
    orderId: OrderId,
    customerId: CustomerId,
    reason: CancelReason,
    cancelledBy: Type.Optional(oneOf(CANCELLED_BY)),
    cancelledAt: Type.String({ format: 'date-time', examples: ['2024-12-12T10:45:00.000Z'] }),
  },
  {
    additionalProperties: false,
    examples: [
      {
        orderId: '0193c0ffee007abc8def0123456789ab',
        customerId: 'cust-123',
        reason: 'Ordered twice',
        cancelledBy: 'customer',
        cancelledAt: '2024-12-12T10:45:00.000Z',
      },
    ],
  },
);
export type OrderCancelled = Static<typeof OrderCancelled>;
