import { type Static, Type } from '@sinclair/typebox';
import { type ConsumedEvents, consumes } from '../../src/inbox/handling/consumed-event.ts';
import type { Receptor } from '../../src/receptors/receptor.ts';

/** The inventory's event that it keeps the items of an order: now it can be paid. */
const InventoryReserved = Type.Object({ orderId: Type.String({ minLength: 1 }), totalAmount: Type.Number() });

/** Nothing is moved: amounts that end in .13 are declined. A provider of payments would be asked with the id of the message as its key. */
export const chargeOrder: Receptor<Static<typeof InventoryReserved>, void> = (
  { orderId, totalAmount: amount },
  newId,
) => {
  const event =
    Math.round(amount * 100) % 100 === 13
      ? { type: 'PaymentFailed', body: { orderId, reason: 'Card declined' } }
      : { type: 'PaymentProcessed', body: { orderId, paymentId: newId(), amount } };
  return {
    decide: async () => ({
      answer: undefined,
      events: [{ ...event, aggregateId: orderId, aggregateVersion: 1 }],
    }),
  };
};

export const receptors = { ChargeOrder: chargeOrder };

export const consumedEvents: ConsumedEvents<typeof receptors> = {
  InventoryReserved: consumes(InventoryReserved, (body) => ({ type: 'ChargeOrder', body })),
};
