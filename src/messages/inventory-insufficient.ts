import { type Static, Type } from '@sinclair/typebox';
import { OrderId, ProductId } from './order-fields.ts';

export const INVENTORY_INSUFFICIENT = 'InventoryInsufficient';

/** The inventory's event that it has too little of some items of an order, and keeps none of the others for it. */
export const InventoryInsufficient = Type.Object(
  {
    orderId: OrderId,
    items: Type.Array(
      Type.Object({
        productId: ProductId,
        requested: Type.Number({ examples: [2] }),
        available: Type.Number({ examples: [1] }),
      }),
    ),
  },
  {
    title: 'InventoryInsufficient',
    examples: [
      {
        orderId: '0193c0ffee007abc8def0123456789ab',
        items: [{ productId: 'prod-456', requested: 2, available: 1 }],
      },
    ],
  },
);
export type InventoryInsufficient = Static<typeof InventoryInsufficient>;
