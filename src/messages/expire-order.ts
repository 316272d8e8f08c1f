import { type Static, Type } from '@sinclair/typebox';
import { CancelReason, OrderId } from './order-fields.ts';

export const EXPIRE_ORDER = 'ExpireOrder';

/** The command to cancel an order that has waited for too long. */
export const ExpireOrder = Type.Object(
  { orderId: OrderId, reason: CancelReason },
  { additionalProperties: false },
);
export type ExpireOrder = Static<typeof ExpireOrder>;
