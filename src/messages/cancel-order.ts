import { type Static, Type } from '@sinclair/typebox';
import { CancelReason, CustomerId, OrderId } from './order-fields.ts';

export const CANCEL_ORDER = 'CancelOrder';

/** The command to cancel an order, whatever its version or only while it has one of `versions`, and only if it is of `owner`. */
export const CancelOrder = Type.Object(
  {
    orderId: OrderId,
    reason: CancelReason,
    owner: Type.Optional(CustomerId),
    versions: Type.Optional(Type.Array(Type.Integer())),
  },
  { additionalProperties: false },
);
export type CancelOrder = Static<typeof CancelOrder>;
