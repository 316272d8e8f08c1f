import { type ConsumedEvents, consumes } from '../../src/inbox/handling/consumed-event.ts';
import { OrderCancelled, OrderCreated, PaymentFailed, PaymentProcessed } from './messages.ts';
import type { Receptors } from './receptors.ts';

/** Which event becomes which command. */
export const consumedEvents: ConsumedEvents<Receptors> = {
  OrderCreated: consumes(OrderCreated, (body) => ({ type: 'ReserveItems', body })),
  PaymentProcessed: consumes(PaymentProcessed, (body) => ({ type: 'KeepItems', body })),
  PaymentFailed: consumes(PaymentFailed, (event) => releaseItems(event, true)),
  OrderCancelled: consumes(OrderCancelled, (event) => releaseItems(event, false)),
};

function releaseItems({ orderId, reason }: { orderId: string; reason: string }, unlessPaid: boolean) {
  return { type: 'ReleaseItems' as const, body: { orderId, reason, unlessPaid } };
}
