import { Type } from '@sinclair/typebox';
import { CANCEL_ORDER } from '../messages/cancel-order.ts';
import type { Receptors } from '../receptors/registry.ts';
import { type ConsumedEvents, consumes } from './handling/consumed-event.ts';

const InventoryInsufficient = Type.Object({ orderId: Type.String() });

/** The events that are consumed, and which command each becomes. */
export const consumedEvents: ConsumedEvents<Receptors> = {
  InventoryInsufficient: consumes(InventoryInsufficient, ({ orderId }) => ({
    type: CANCEL_ORDER,
    body: { orderId, reason: 'Out of stock' },
  })),
};
