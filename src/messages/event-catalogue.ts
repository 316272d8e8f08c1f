import type { TObject } from '@sinclair/typebox';
import { INVENTORY_INSUFFICIENT, InventoryInsufficient } from './inventory-insufficient.ts';
import { INVENTORY_RELEASED, InventoryReleased } from './inventory-released.ts';
import { ORDER_CANCELLED, OrderCancelled } from './order-cancelled.ts';
import { ORDER_CREATED, OrderCreated } from './order-created.ts';
import { ORDER_NOTED, OrderNoted } from './order-noted.ts';
import { ORDER_PAID, OrderPaid } from './order-paid.ts';
import { ORDER_SHIPPED, OrderShipped } from './order-shipped.ts';
import { PAYMENT_FAILED, PaymentFailed } from './payment-failed.ts';
import { PAYMENT_PROCESSED, PaymentProcessed } from './payment-processed.ts';
import { SHIPMENT_CREATED, ShipmentCreated } from './shipment-created.ts';

/** A type of event that is published for others to rely on, or taken from them. */
export interface EventType {
  readonly type: string;
  /** Of its schema. What breaks a consumer is a row of its own, with the next one: docs/events.md. */
  readonly major: number;
  readonly direction: 'sent' | 'received';
  readonly summary: string;
  /** With an example. */
  readonly schema: TObject;
}

/** Every event that goes out or comes in. AsyncAPI, the page and the schemas that are served are made of it. */
export const EVENT_CATALOGUE: readonly EventType[] = [
  sent(ORDER_CREATED, OrderCreated, 'An order was created'),
  sent(ORDER_CANCELLED, OrderCancelled, 'An order was cancelled'),
  sent(ORDER_PAID, OrderPaid, 'An order was paid'),
  sent(ORDER_SHIPPED, OrderShipped, 'An order was shipped'),
  sent(ORDER_NOTED, OrderNoted, 'An order was told of something that leaves its state as it is'),
  received(INVENTORY_INSUFFICIENT, InventoryInsufficient, 'The inventory has too little for an order'),
  received(INVENTORY_RELEASED, InventoryReleased, 'The inventory keeps the items of an order no longer'),
  received(PAYMENT_PROCESSED, PaymentProcessed, 'The payment of an order succeeded'),
  received(PAYMENT_FAILED, PaymentFailed, 'The payment of an order failed'),
  received(SHIPMENT_CREATED, ShipmentCreated, 'An order is on its way'),
];

function sent(type: string, schema: TObject, summary: string, major = 1): EventType {
  return { type, major, direction: 'sent', summary, schema };
}

function received(type: string, schema: TObject, summary: string, major = 1): EventType {
  return { type, major, direction: 'received', summary, schema };
}
