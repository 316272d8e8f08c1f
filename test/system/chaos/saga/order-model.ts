/** What an order may be told, and what becomes of it. Written down once more, apart from what it is held to: docs/orders.md. */
const NEXT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  CancelOrder: { Pending: 'Cancelled' },
  InventoryInsufficient: { Pending: 'Cancelled', PaymentProcessed: 'Cancelled', Shipped: 'noted' },
  InventoryReleased: { Pending: 'Cancelled', PaymentProcessed: 'Cancelled', Shipped: 'noted' },
  PaymentProcessed: {
    Pending: 'PaymentProcessed',
    PaymentProcessed: 'noted',
    Shipped: 'noted',
    Cancelled: 'noted',
  },
  PaymentFailed: { Pending: 'noted', PaymentProcessed: 'noted', Shipped: 'noted', Cancelled: 'noted' },
  ShipmentCreated: { Pending: 'Shipped', PaymentProcessed: 'Shipped', Shipped: 'noted', Cancelled: 'noted' },
};

/** The event that says so. */
const EVENTS: Readonly<Record<string, string>> = {
  Cancelled: 'OrderCancelled',
  PaymentProcessed: 'OrderPaid',
  Shipped: 'OrderShipped',
  noted: 'OrderNoted',
};

/** One thing that an order is told. */
export interface Told {
  /** The message or command. */
  readonly causationId: string | undefined;
  readonly happening: string;
  /** What it says: the same, said again, is noted once. */
  readonly words: string;
}

export interface Change {
  readonly version: number;
  readonly status: string;
  readonly event: string;
  readonly causationId: string | undefined;
}

/** The changes of an order that has been told this, in this order, since it was created. Pure. */
export function changesOf(told: readonly Told[]): Change[] {
  const changes: Change[] = [];
  const said = new Set<string>();
  let status = 'Pending';
  for (const { causationId, happening, words } of told) {
    const next = NEXT[happening]?.[status];
    if (next === undefined || (next === 'noted' && said.has(words))) continue;
    if (next !== 'noted') status = next;
    said.add(words);
    changes.push({ version: changes.length + 2, status, event: EVENTS[next] ?? '', causationId });
  }
  return changes;
}
