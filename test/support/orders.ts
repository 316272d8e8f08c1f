import type { CreateOrder } from '../../src/messages/create-order.ts';

/** The tutorial's order. */
export function tutorialOrder(): CreateOrder {
  return {
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
  };
}
