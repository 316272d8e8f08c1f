import { type Static, Type } from '@sinclair/typebox';
import { CustomerId, foreignId, instant, OrderId } from './order-fields.ts';

export const ORDER_SHIPPED = 'OrderShipped';

/** The event that an order was shipped. */
export const OrderShipped = Type.Object(
  {
    orderId: OrderId,
    customerId: CustomerId,
    shipmentId: foreignId('ship-1'),
    shippedAt: instant('2024-12-12T11:30:00.000Z'),
  },
  {
    title: 'OrderShipped',
    additionalProperties: false,
    examples: [
      {
        orderId: '0193c0ffee007abc8def0123456789ab',
        customerId: 'cust-123',
        shipmentId: 'ship-1',
        shippedAt: '2024-12-12T11:30:00.000Z',
      },
    ],
  },
);
export type OrderShipped = Static<typeof OrderShipped>;
