import { type Static, Type } from '@sinclair/typebox';

// The events of others, as far as this service needs them: what else is in them is left alone.
const orderId = Type.String({ minLength: 1 });
const Item = Type.Object({ productId: Type.String(), quantity: Type.Integer({ minimum: 1 }) });
export const OrderCreated = Type.Object({ orderId, items: Type.Array(Item), totalAmount: Type.Number() });
export const PaymentProcessed = Type.Object({ orderId });
export const PaymentFailed = Type.Object({ orderId, reason: Type.String() });
export const OrderCancelled = PaymentFailed;

// The commands of this service.
export type Item = Static<typeof Item>;
export type ReserveItems = Static<typeof OrderCreated>;
export type KeepItems = Static<typeof PaymentProcessed>;
/** `unlessPaid`: what is paid stays reserved. */
export type ReleaseItems = Static<typeof OrderCancelled> & { readonly unlessPaid: boolean };
