import { type Static, Type } from '@sinclair/typebox';
import { foreignReason, OrderId, oneOf } from './order-fields.ts';

export const WITHDRAW_ORDER = 'WithdrawOrder';

/** The command to cancel an order because the inventory has not what it needs; `happening` is the event that says so. */
export const WithdrawOrder = Type.Object(
  {
    orderId: OrderId,
    happening: oneOf(['InventoryInsufficient', 'InventoryReleased']),
    reason: foreignReason('Out of stock: prod-456 (2 requested, 1 available)'),
  },
  { additionalProperties: false },
);
export type WithdrawOrder = Static<typeof WithdrawOrder>;
