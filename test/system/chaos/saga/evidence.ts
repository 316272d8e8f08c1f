/** The services of the saga, by the names of their databases and topics. */
export const SERVICES = ['orders', 'inventory', 'payments'] as const;
export type Service = (typeof SERVICES)[number];

/** Who receives, from which topic, and the events that are handled there; all others are completed and forgotten. */
export const CONSUMERS: readonly ConsumerOf[] = [
  consumer('orders', 'inventory/order-service', 'InventoryInsufficient', 'InventoryReleased'),
  consumer('orders', 'payments/order-service', 'PaymentProcessed', 'PaymentFailed'),
  consumer('orders', 'shipping/order-service', 'ShipmentCreated'),
  consumer('inventory', 'orders/inventory', 'OrderCreated', 'OrderCancelled'),
  consumer('inventory', 'payments/inventory', 'PaymentProcessed', 'PaymentFailed'),
  consumer('payments', 'inventory/payments', 'InventoryReserved'),
];

export interface ConsumerOf {
  readonly service: Service;
  /** topic/subscription. */
  readonly name: string;
  readonly topic: string;
  readonly subscription: string;
  readonly types: readonly string[];
}

/** A row of an inbox: a message that was handled. */
export interface Handled {
  readonly consumer: string;
  readonly messageId: string;
  readonly type: string;
  readonly aggregateId: string | undefined;
  /** When its transaction committed, in microseconds. */
  readonly at: number;
  /** Of its transaction. */
  readonly xid: string;
}

/** A row of an outbox. */
export interface Emitted {
  readonly service: Service;
  readonly messageId: string;
  readonly type: string;
  readonly aggregateId: string | undefined;
  readonly version: number | undefined;
  readonly causationId: string | undefined;
  readonly body: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** A row of order_history. */
export interface HistoryRow {
  readonly orderId: string;
  readonly version: number;
  readonly status: string;
  readonly event: string;
  readonly by: string;
  readonly causationId: string | undefined;
  readonly at: number;
  readonly xid: string;
}

export interface EndedOrder {
  readonly orderId: string;
  /** Of the client that placed it. */
  readonly key: string;
  readonly status: string;
  readonly version: number;
}

export interface Reservation {
  readonly orderId: string;
  readonly status: string;
  readonly items: readonly { readonly productId: string; readonly quantity: number }[];
}

export interface Stock {
  readonly productId: string;
  readonly available: number;
  readonly reserved: number;
}

/** A message that the broker stored in a topic. */
export interface Sent {
  readonly topic: string;
  readonly messageId: string;
  readonly type: string | undefined;
  readonly aggregateId: string | undefined;
  readonly version: number | undefined;
  readonly body: string;
}

/** A message in the dead-letter queue of a consumer, or one that was sent to end there. */
export interface DeadLetter {
  readonly consumer: string;
  readonly messageId: string;
  readonly reason: string | undefined;
}

/** All that is left of a run, once nothing moves any more. */
export interface SagaEvidence {
  /** Each of them in the order of its inserts. */
  readonly emitted: readonly Emitted[];
  readonly handled: readonly Handled[];
  readonly history: readonly HistoryRow[];
  readonly orders: readonly EndedOrder[];
  readonly reservations: readonly Reservation[];
  readonly stock: readonly Stock[];
  readonly stockAtTheStart: ReadonlyMap<string, number>;
  /** In the order in which the broker took them, repeats too. */
  readonly sent: readonly Sent[];
  readonly deadLetters: readonly DeadLetter[];
  /** Messages that nobody can handle. */
  readonly planted: readonly DeadLetter[];
  /** Whether everything has a session, and so an order. */
  readonly sessions: boolean;
}

function consumer(service: Service, name: string, ...types: string[]): ConsumerOf {
  const [topic = '', subscription = ''] = name.split('/');
  return { service, name, topic, subscription, types };
}
