import { ApiError } from '../api-error.ts';
import type { Event, Message } from '../messages/message.ts';
import { ORDER_NOTED, type OrderNoted } from '../messages/order-noted.ts';
import type { Order } from './order.ts';
import type { HistoryEntry, OrderActor } from './order-history.ts';
import { type Happening, transitionOf } from './order-transitions.ts';

/** Something that has happened to an order, or is to happen to it. */
export interface Occurrence {
  readonly happening: Happening;
  readonly by: OrderActor;
  /** Why, or which: what happens twice in the same words to the same order has happened once. */
  readonly reason: string;
  /** The event that says so, of the order as it is then; `at` is the instant of the change. */
  readonly toEvent: (order: Order, reason: string, at: string) => Message;
}

/** One change of an order: one version, one entry of its history, one event. */
export interface OrderChange {
  /** As it is after the change. */
  readonly order: Order;
  readonly entry: HistoryEntry;
  readonly event: Event;
  /** Whether the order is only told more: what its history says already is no change. */
  readonly isNote: boolean;
}

/** What an occurrence makes of an order; undefined when it changes nothing. Throws ORDER_NOT_CANCELLABLE. */
export function changeOf(order: Order, occurrence: Occurrence, now: Date): OrderChange | undefined {
  const { happening, by, reason, toEvent } = occurrence;
  const transition = transitionOf(happening, order.status);
  if (transition === 'unchanged') return undefined;
  if (transition === 'refused')
    throw new ApiError('ORDER_NOT_CANCELLABLE', `An order that is ${order.status} cannot be cancelled`);
  const isNote = transition === 'noted';
  const status = isNote ? order.status : transition;
  const changed = { ...order, status, updatedAt: now, version: order.version + 1 };
  const { type, body } = (isNote ? noted(happening) : toEvent)(changed, reason, now.toISOString());
  return {
    order: changed,
    entry: { version: changed.version, status, event: type, by, reason, at: now },
    event: { type, body, aggregateId: order.orderId, aggregateVersion: changed.version },
    isNote,
  };
}

/** The event that an order was told of this, and stays in its state. */
export const noted =
  (note: Happening): Occurrence['toEvent'] =>
  ({ orderId, customerId, status }, reason, notedAt): Message<typeof ORDER_NOTED, OrderNoted> => ({
    type: ORDER_NOTED,
    body: { orderId, customerId, status, note, reason, notedAt },
  });
