import type { TObject } from '@sinclair/typebox';
import { ORDER_CANCELLED, OrderCancelled } from './order-cancelled.ts';
import { ORDER_CREATED, OrderCreated } from './order-created.ts';

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
];

function sent(type: string, schema: TObject, summary: string, major = 1): EventType {
  return { type, major, direction: 'sent', summary, schema };
}
