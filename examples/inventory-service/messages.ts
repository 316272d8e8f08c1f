import { type Static, Type } from '@sinclair/typebox';
import { type ConsumedEvents, consumes } from '../../src/inbox/handling/consumed-event.ts';
import type { Receptors } from './receptors.ts';

// The events of others, as far as this service needs them: what else is in them is left alone.
const orderId = Type.String({ minLength: 1 });
const Item = Type.Object({ productId: Type.String(), quantity: Type.Integer({ minimum: 1 }) });
const OrderCreated = Type.Object({ orderId, items: Type.Array(Item), totalAmount: Type.Number() });
const PaymentProcessed = Type.Object({ orderId });
const OrderFailed = Type.Object({ orderId, reason: Type.String() });

// The commands of this service.
export type Item = Static<typeof Item>;
export type ReserveItems = Static<typeof OrderCreated>;
export type KeepItems = Static<typeof PaymentProcessed>;
/** `unlessPaid`: what is paid stays reserved. */
export type ReleaseItems = Static<typeof OrderFailed> & { readonly unlessPaid: boolean };

const releases = (unlessPaid: boolean) =>
  consumes(OrderFailed, (event) => ({ type: 'ReleaseItems' as const, body: { ...event, unlessPaid } }));

/** Which event becomes which command. */
export const consumedEvents: ConsumedEvents<Receptors> = {
  OrderCreated: consumes(OrderCreated, (body) => ({ type: 'ReserveItems', body })),
  PaymentProcessed: consumes(PaymentProcessed, (body) => ({ type: 'KeepItems', body })),
  PaymentFailed: releases(true),
  OrderCancelled: releases(false),
};
