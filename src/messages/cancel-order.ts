import { type Static, Type } from '@sinclair/typebox';
import { CancelReason, OrderId } from './order-fields.ts';

export const CANCEL_ORDER = 'CancelOrder';

/** The command to cancel an order, whatever its version or only while it has one of `versions`. */
export const CancelOrder = Type.Object(
  {
    orderId: OrderId,
    reason: CancelReason,
    versions: Type.Optional(Type.Array(Type.Integer())),
  },
  { additionalProperties: false },
);
export type CancelOrder = Static<typeof CancelOrder>;
