import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  customType,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';

// The tutorial's TIMESTAMP shifts by the time zone of whoever reads it; timestamptz does not.
const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3, mode: 'date' });
const amount = (name: string) => numeric(name, { precision: 10, scale: 2 });
const lsn = customType<{ data: string }>({ dataType: () => 'pg_lsn' });

export const orders = pgTable(
  'orders',
  {
    orderId: text('order_id').primaryKey(),
    customerId: text('customer_id').notNull(),
    totalAmount: amount('total_amount').notNull(),
    status: text('status').notNull(),
    shippingAddress: jsonb('shipping_address').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    /** 1 when the order is created, one more with every change. */
    version: integer('version').notNull().default(1),
  },
  (table) => [
    // Each begins with what is compared for equality and goes on in the order of the pages, so that a page is one range of it.
    // The tutorial's indexes on customer_id and on created_at are the beginnings of two of them.
    index('idx_orders_created_at').on(table.createdAt, table.orderId),
    index('idx_orders_customer_id').on(table.customerId, table.createdAt, table.orderId),
    index('idx_orders_status').on(table.status, table.createdAt, table.orderId),
    // NUMERIC takes NaN, and NaN >= 0 is true there.
    check('orders_total_amount_valid', sql`${table.totalAmount} >= 0 AND ${table.totalAmount} <> 'NaN'`),
  ],
);

export const orderItems = pgTable(
  'order_items',
  {
    orderItemId: text('order_item_id').primaryKey(),
    orderId: text('order_id')
      .notNull()
      .references(() => orders.orderId, { onDelete: 'cascade' }),
    /** 1 for the first item of an order: items are read back in the order they were sent. */
    lineNumber: integer('line_number').notNull(),
    productId: text('product_id').notNull(),
    quantity: integer('quantity').notNull(),
    unitPrice: amount('unit_price').notNull(),
    lineTotal: amount('line_total').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('idx_order_items_order_id').on(table.orderId),
    index('idx_order_items_product_id').on(table.productId),
    check('order_items_quantity_valid', sql`${table.quantity} >= 1`),
    check('order_items_unit_price_valid', sql`${table.unitPrice} >= 0 AND ${table.unitPrice} <> 'NaN'`),
    check('order_items_line_total_valid', sql`${table.lineTotal} >= 0 AND ${table.lineTotal} <> 'NaN'`),
  ],
);

/** The events of committed transactions. Anyone may insert; the relay alone writes the columns from `processed_at` on. */
export const outbox = pgTable(
  'outbox',
  {
    messageId: uuid('message_id').primaryKey(),
    messageType: text('message_type').notNull(),
    messageBody: jsonb('message_body').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    position: bigint('position', { mode: 'bigint' }).notNull().generatedAlwaysAsIdentity(),
    aggregateId: text('aggregate_id'),
    correlationId: text('correlation_id'),
    causationId: text('causation_id'),
    userId: text('user_id'),
    metadata: jsonb('metadata').$type<Record<string, string>>(),
    traceparent: text('traceparent'),
    tracestate: text('tracestate'),
    processedAt: instant('processed_at'),
    parkedAt: instant('parked_at'),
    droppedAt: instant('dropped_at'),
    retryCount: integer('retry_count').notNull().default(0),
    nextRetryAt: instant('next_retry_at'),
    errorMessage: text('error_message'),
    /** Since when an unsettled row waits in the table for an operator: behind a parked one of its order, or to be sent again. */
    deferredAt: instant('deferred_at'),
    /** The order's version that the event says of it: 1, 2, 3 and so on. */
    aggregateVersion: integer('aggregate_version'),
    /** The queue or topic that it goes to, where that is not the one that the relay's settings say. */
    destination: text('destination'),
  },
  (table) => [
    // By position and not by the tutorial's created_at: recovery reads in this order, and created_at is not commit order.
    index('idx_outbox_unsettled')
      .on(table.position)
      .where(sql`${table.processedAt} IS NULL AND ${table.parkedAt} IS NULL AND ${table.droppedAt} IS NULL`),
    // The orders that are held back: a relay that starts reads them first, and must not read the whole table for it.
    index('idx_outbox_held')
      .on(table.aggregateId, table.position)
      .where(
        sql`(${table.parkedAt} IS NOT NULL OR ${table.deferredAt} IS NOT NULL) AND ${table.processedAt} IS NULL AND ${table.droppedAt} IS NULL`,
      ),
    // For those who follow an order to the broker; what it costs is in docs/decisions/events-of-an-order.md.
    index('idx_outbox_aggregate_id').on(table.aggregateId).where(sql`${table.aggregateId} IS NOT NULL`),
    check(
      'outbox_metadata_valid',
      sql`${table.metadata} IS NULL OR jsonb_typeof(${table.metadata}) = 'object'`,
    ),
  ],
);

/** What has happened to an order since it was created: one row for each version after the first. */
export const orderHistory = pgTable(
  'order_history',
  {
    orderId: text('order_id')
      .notNull()
      .references(() => orders.orderId, { onDelete: 'cascade' }),
    version: integer('version').notNull(),
    /** The state that the order is in since. */
    status: text('status').notNull(),
    /** The type of the event that says so. */
    eventType: text('event_type').notNull(),
    /** Who brought it about: customer, inventory, payments, shipping or expiry. */
    changedBy: text('changed_by').notNull(),
    reason: text('reason'),
    /** The message or request that caused it. */
    causationId: text('causation_id').notNull(),
    changedAt: instant('changed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.orderId, table.version] })],
);

/**
 * The messages that were received: each consumer handles one once. A row is inserted in the transaction of the message's effect; one
 * without `processed_at` waits for a person, and it alone keeps its body.
 */
export const inbox = pgTable(
  'inbox',
  {
    /** The queue or subscription, as it is configured. */
    consumer: text('consumer').notNull(),
    /** Not a uuid as in the tutorial: what others send may have any id of up to 128 characters. */
    messageId: text('message_id').notNull(),
    messageType: text('message_type').notNull(),
    messageBody: jsonb('message_body'),
    receivedAt: instant('received_at').notNull().defaultNow(),
    processedAt: instant('processed_at'),
    retryCount: integer('retry_count').notNull().default(0),
    nextRetryAt: instant('next_retry_at'),
    errorMessage: text('error_message'),
    aggregateId: text('aggregate_id'),
    correlationId: text('correlation_id'),
    causationId: text('causation_id'),
    deliveryCount: integer('delivery_count').notNull().default(1),
    /** The broker's number: messages that wait are handled in its order. */
    sequenceNumber: bigint('sequence_number', { mode: 'bigint' }),
    /** Who sent it and what came with it, of a message that waits. */
    messageContext: jsonb('message_context'),
  },
  (table) => [
    primaryKey({ columns: [table.consumer, table.messageId] }),
    index('idx_inbox_waiting')
      .on(table.consumer, table.aggregateId, table.sequenceNumber)
      .where(sql`${table.processedAt} IS NULL`),
  ],
);

/** What requests with an Idempotency-Key were answered, kept for a day for whoever asks again. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** Whose key it is: another caller's key of the same name is another key. */
    scope: text('scope').notNull(),
    route: text('route').notNull(),
    key: text('key').notNull(),
    /** Tells whether a request that comes with the key again is the same request. */
    fingerprint: text('fingerprint').notNull(),
    status: integer('status').notNull(),
    headers: jsonb('headers').$type<Record<string, string>>().notNull(),
    /** As it was sent: jsonb would not give back the same bytes. */
    body: text('body').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ columns: [table.scope, table.route, table.key] }),
    index('idx_idempotency_keys_created_at').on(table.createdAt),
  ],
);

/** One row per replication slot: how far everything is settled, durably, and who says so. */
export const relayProgress = pgTable('relay_progress', {
  slot: text('slot').primaryKey(),
  /** Everything that committed before it is settled. NULL: the table has not been settled for this slot yet. */
  settledLsn: lsn('settled_lsn'),
  /** The highest commit LSN of a marked row: up to here, a row that comes again may be settled already. */
  markedLsn: lsn('marked_lsn'),
  /** The publication as it was for all of that; after a change, the stream may have passed over rows. */
  publicationVersion: text('publication_version'),
  systemIdentifier: text('system_identifier').notNull(),
  timeline: integer('timeline').notNull(),
  epoch: bigint('epoch', { mode: 'bigint' }).notNull(),
  /** When an operator last said that the relay is to go on with this database although it has been set back in time. */
  confirmedAt: instant('confirmed_at'),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});
