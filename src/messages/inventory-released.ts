import { type Static, Type } from '@sinclair/typebox';
import { foreignReason, OrderId } from './order-fields.ts';

export const INVENTORY_RELEASED = 'InventoryReleased';

/** The inventory's event that it keeps the items of an order no longer. */
export const InventoryReleased = Type.Object(
  { orderId: OrderId, reason: foreignReason('Payment declined') },
  {
    title: 'InventoryReleased',
    examples: [{ orderId: '0193c0ffee007abc8def0123456789ab', reason: 'Payment declined' }],
  },
);
export type InventoryReleased = Static<typeof InventoryReleased>;
