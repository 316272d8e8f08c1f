import { INVENTORY_INSUFFICIENT, InventoryInsufficient } from '../messages/inventory-insufficient.ts';
import { INVENTORY_RELEASED, InventoryReleased } from '../messages/inventory-released.ts';
import { PAYMENT_FAILED, PaymentFailed } from '../messages/payment-failed.ts';
import { PAYMENT_PROCESSED, PaymentProcessed } from '../messages/payment-processed.ts';
import { RECORD_FAILED_PAYMENT } from '../messages/record-failed-payment.ts';
import { RECORD_PAYMENT } from '../messages/record-payment.ts';
import { RECORD_SHIPMENT } from '../messages/record-shipment.ts';
import { SHIPMENT_CREATED, ShipmentCreated } from '../messages/shipment-created.ts';
import { WITHDRAW_ORDER, type WithdrawOrder } from '../messages/withdraw-order.ts';
import { outOfStock } from '../orders/reason.ts';
import type { Receptors } from '../receptors/registry.ts';
import { type ConsumedEvents, consumes } from './handling/consumed-event.ts';

/** The events of other services that are consumed, and which command each becomes. A sender's further members stay behind. */
export const consumedEvents: ConsumedEvents<Receptors> = {
  [INVENTORY_INSUFFICIENT]: consumes(InventoryInsufficient, ({ orderId, items }) => ({
    type: WITHDRAW_ORDER,
    body: { orderId, happening: INVENTORY_INSUFFICIENT, reason: outOfStock(items) } satisfies WithdrawOrder,
  })),
  [INVENTORY_RELEASED]: consumes(InventoryReleased, ({ orderId, reason }) => ({
    type: WITHDRAW_ORDER,
    body: { orderId, happening: INVENTORY_RELEASED, reason } satisfies WithdrawOrder,
  })),
  [PAYMENT_PROCESSED]: consumes(PaymentProcessed, ({ orderId, paymentId, amount }) => ({
    type: RECORD_PAYMENT,
    body: { orderId, paymentId, amount },
  })),
  [PAYMENT_FAILED]: consumes(PaymentFailed, ({ orderId, reason }) => ({
    type: RECORD_FAILED_PAYMENT,
    body: { orderId, reason },
  })),
  [SHIPMENT_CREATED]: consumes(ShipmentCreated, ({ orderId, shipmentId }) => ({
    type: RECORD_SHIPMENT,
    body: { orderId, shipmentId },
  })),
};
