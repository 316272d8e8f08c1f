import { type Static, Type } from '@sinclair/typebox';
import { Address, Amount, CustomerId, MAX_ITEMS, OrderId, ProductId, Quantity } from './order-fields.ts';

export const ORDER_CREATED = 'OrderCreated';

/** The event that an order was created: a fact, so with everything that was decided about it. */
export const OrderCreated = Type.Object(
  {
    orderId: OrderId,
    customerId: CustomerId,
    items: Type.Array(
      Type.Object(
        { productId: ProductId, quantity: Quantity, unitPrice: Amount, lineTotal: Amount },
        { title: 'OrderItem', additionalProperties: false },
      ),
      { minItems: 1, maxItems: MAX_ITEMS },
    ),
    shippingAddress: Address,
    totalAmount: Amount,
    createdAt: Type.String({ format: 'date-time', examples: ['2024-12-12T10:30:00.000Z'] }),
  },
  {
    title: 'OrderCreated',
    additionalProperties: false,
    examples: [
      {
        orderId: '0193c0ffee007abc8def0123456789ab',
        customerId: 'cust-123',
        items: [
          { productId: 'prod-456', quantity: 2, unitPrice: 19.99, lineTotal: 39.98 },
          { productId: 'prod-789', quantity: 1, unitPrice: 49.99, lineTotal: 49.99 },
        ],
        shippingAddress: {
          street: '123 Main St',
          city: 'Springfield',
          state: 'IL',
          zipCode: '62701',
          country: 'USA',
        },
        totalAmount: 89.97,
        createdAt: '2024-12-12T10:30:00.000Z',
      },
    ],
  },
);
export type OrderCreated = Static<typeof OrderCreated>;
