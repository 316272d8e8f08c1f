import { type Static, Type } from '@sinclair/typebox';
import { Address, Amount, CustomerId, MAX_ITEMS, ProductId, Quantity } from './order-fields.ts';

export const CREATE_ORDER = 'CreateOrder';

/** The command that a customer's order is: an intent, so without ids and totals of ours. */
export const CreateOrder = Type.Object(
  {
    customerId: CustomerId,
    items: Type.Array(
      Type.Object(
        { productId: ProductId, quantity: Quantity, unitPrice: Amount },
        { title: 'CreateOrderItem', additionalProperties: false },
      ),
      { minItems: 1, maxItems: MAX_ITEMS },
    ),
    shippingAddress: Address,
  },
  {
    title: 'CreateOrder',
    additionalProperties: false,
    examples: [
      {
        customerId: 'cust-123',
        items: [
          { productId: 'prod-456', quantity: 2, unitPrice: 19.99 },
          { productId: 'prod-789', quantity: 1, unitPrice: 49.99 },
        ],
        shippingAddress: {
          street: '123 Main St',
          city: 'Springfield',
          state: 'IL',
          zipCode: '62701',
          country: 'USA',
        },
      },
    ],
  },
);
export type CreateOrder = Static<typeof CreateOrder>;
