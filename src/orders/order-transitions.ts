import type { OrderState } from './order-status.ts';

/**
 * What follows: the state that the order is in then; noted: the state stays and the order has an OrderNoted, unless its history says
 * the same already; unchanged: nothing is written; refused: whoever asked is told no.
 */
export type Transition = OrderState | 'noted' | 'unchanged' | 'refused';

const NOTED = {
  Pending: 'noted',
  PaymentProcessed: 'noted',
  Shipped: 'noted',
  Delivered: 'noted',
  Cancelled: 'noted',
} as const;
const NOT_IN_STOCK = {
  Pending: 'Cancelled',
  PaymentProcessed: 'Cancelled',
  Shipped: 'noted',
  Delivered: 'noted',
  Cancelled: 'unchanged',
} as const;

/** What may follow on what: the command or event that an order is told of, by the state that it is in. docs/orders.md shows it. */
export const ORDER_TRANSITIONS = {
  CancelOrder: {
    Pending: 'Cancelled',
    PaymentProcessed: 'refused',
    Shipped: 'refused',
    Delivered: 'refused',
    Cancelled: 'unchanged',
  },
  ExpireOrder: {
    Pending: 'Cancelled',
    PaymentProcessed: 'unchanged',
    Shipped: 'unchanged',
    Delivered: 'unchanged',
    Cancelled: 'unchanged',
  },
  InventoryInsufficient: NOT_IN_STOCK,
  InventoryReleased: NOT_IN_STOCK,
  PaymentProcessed: { ...NOTED, Pending: 'PaymentProcessed' },
  PaymentFailed: NOTED,
  // The event of the payment may come later: it comes by another way.
  ShipmentCreated: { ...NOTED, Pending: 'Shipped', PaymentProcessed: 'Shipped' },
} as const satisfies Record<string, Record<OrderState, Transition>>;

/** What can happen to an order once it is created. */
export type Happening = keyof typeof ORDER_TRANSITIONS;

/** What follows in this state; in one that is not ours, what follows at the end of an order's way. */
export function transitionOf(happening: Happening, status: string): Transition {
  const row: Readonly<Record<string, Transition>> = ORDER_TRANSITIONS[happening];
  return (Object.hasOwn(row, status) ? row[status] : undefined) ?? ORDER_TRANSITIONS[happening].Delivered;
}
