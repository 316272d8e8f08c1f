import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TSchema } from '@sinclair/typebox';
import {
  MAX_METADATA,
  MAX_METADATA_NAME,
  MAX_METADATA_VALUE,
} from '../../../src/http/headers/context-headers.ts';
import { OrderCancelled } from '../../../src/messages/order-cancelled.ts';
import { OrderCreated } from '../../../src/messages/order-created.ts';
import { MAX_ITEMS } from '../../../src/messages/order-fields.ts';
import { OrderNoted } from '../../../src/messages/order-noted.ts';
import { OrderPaid } from '../../../src/messages/order-paid.ts';
import { OrderShipped } from '../../../src/messages/order-shipped.ts';
import { openApp } from '../../support/app.ts';

// Service Bus's standard tier takes 256 KB in all, of which headers and properties are a part.
const LARGEST_MESSAGE = 192 * 1024;
// Four bytes is the most that a character takes in UTF-8, and more than its JSON escape, since control characters,
// whose escapes are longer, are refused.
const WIDEST = '𝄞';

test('the largest order that is taken makes an event that every broker takes', async (t) => {
  const { post, db } = await openApp(t);
  const metadata = Array.from({ length: MAX_METADATA }, (_, i) => [
    `x-metadata-${String(i).padEnd(MAX_METADATA_NAME, 'n')}`,
    'v'.repeat(MAX_METADATA_VALUE),
  ]);
  const { customerId, shippingAddress, items } = OrderCreated.properties;
  const order = {
    customerId: widest(customerId),
    items: Array.from({ length: MAX_ITEMS }, () => ({
      productId: widest(items.items.properties.productId),
      quantity: 1,
      unitPrice: 999_999.99,
    })),
    shippingAddress: Object.fromEntries(
      Object.entries(shippingAddress.properties).map(([name, schema]) => [name, widest(schema)]),
    ),
  };

  const response = await post(order, {
    'x-correlation-id': 'c'.repeat(128),
    'x-user-id': 'u'.repeat(128),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: `a=${'t'.repeat(250)}`,
    ...Object.fromEntries(metadata),
  });

  assert.equal(response.statusCode, 201, response.body);
  const { rows } = await db.query(
    'SELECT octet_length(message_body::text) AS body, octet_length(outbox::text) AS whole FROM outbox',
  );
  assert.ok(rows[0].body > 40_000, 'the order was as large as can be');
  assert.ok(rows[0].whole < LARGEST_MESSAGE, `${rows[0].whole} bytes`);
});

test('the limits of the schema alone keep the event small, whatever it holds', () => {
  const worst = largest(OrderCreated);

  assert.ok(
    worst > 40_000 && worst < LARGEST_MESSAGE - 32 * 1024,
    `${worst} bytes, and 32 KB for the properties`,
  );
  const others: readonly TSchema[] = [OrderCancelled, OrderPaid, OrderShipped, OrderNoted];
  for (const event of others) assert.ok(largest(event as Schema) < worst);
});

function widest(schema: { maxLength?: number }): string {
  return WIDEST.repeat(schema.maxLength ?? Number.NaN);
}

interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  maxItems?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  enum?: readonly string[];
}

/** The most bytes that JSON of this schema takes, spaced as PostgreSQL prints it. NaN when something has no limit. */
function largest({
  type,
  properties = {},
  items,
  maxItems,
  maxLength,
  pattern,
  format,
  enum: texts,
}: Schema): number {
  switch (type ?? 'unlimited') {
    case 'object':
      return Object.entries(properties).reduce(
        (sum, [name, schema]) => sum + name.length + 6 + largest(schema),
        2,
      );
    case 'array':
      return 2 + (maxItems ?? Number.NaN) * (largest(items ?? {}) + 2);
    case 'string':
      if (texts) return 2 + Math.max(...texts.map(({ length }) => length));
      if (format === 'date-time') return 26;
      if (pattern === '^[0-9a-f]{32}$') return 34;
      return 2 + WIDEST_BYTES * (maxLength ?? Number.NaN);
    case 'integer':
    case 'number':
      return 12;
    default:
      return Number.NaN;
  }
}

const WIDEST_BYTES = Buffer.byteLength(WIDEST);
