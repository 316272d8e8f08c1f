import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drizzle } from 'drizzle-orm/node-postgres';
import { buildApp } from '../../../src/app.ts';
import { createLogger } from '../../../src/core/log.ts';
import { assertSchemaCurrent } from '../../../src/db/schema-version.ts';
import { removeExpired } from '../../../src/idempotency/answer-store.ts';
import { DENIED, documentedRoles } from './documented-roles.ts';

const roles = documentedRoles();

const ORDER = {
  customerId: 'cust-123',
  items: [{ productId: 'prod-456', quantity: 2, unitPrice: 19.99 }],
  shippingAddress: { street: '1 Main', city: 'Springfield', state: 'IL', zipCode: '62701', country: 'USA' },
};

test('the role of the api serves the api', async (t) => {
  const app = await buildApp({
    pool: roles.api,
    log: createLogger({ level: 'silent', service: 'test' }),
    docs: false,
  });
  t.after(() => app.close());

  await assertSchemaCurrent(roles.api);
  const post = () =>
    app.inject({
      method: 'POST',
      url: '/api/orders',
      payload: ORDER,
      headers: { 'idempotency-key': 'key-1' },
    });
  const created = await post();
  const replayed = await post();
  await roles.admin.query(`UPDATE idempotency_keys SET created_at = now() - interval '2 days'`);
  const anew = await post();
  await removeExpired(drizzle(roles.api), 10);
  const { orderId } = created.json();
  const read = await app.inject({ url: `/api/orders/${orderId}` });
  const list = await app.inject({ url: '/api/orders' });
  const events = await app.inject({ url: `/api/orders/${orderId}/events` });
  const cancelled = await app.inject({
    method: 'POST',
    url: `/api/orders/${orderId}/cancel`,
    payload: { reason: 'Ordered twice' },
  });
  const ready = await app.inject({ url: '/health/ready' });

  assert.deepEqual(
    [created, read, list, events, cancelled, ready].map(({ statusCode }) => statusCode),
    [201, 200, 200, 200, 200, 200],
  );
  assert.deepEqual([replayed.body === created.body, anew.statusCode], [true, 201]);
});

test('the role of the api can do nothing else', async () => {
  for (const statement of [
    'SELECT * FROM outbox',
    'SELECT message_body FROM outbox',
    'SELECT error_message FROM outbox',
    'UPDATE outbox SET processed_at = now()',
    'DELETE FROM outbox',
    'DELETE FROM orders',
    'UPDATE order_items SET quantity = 1',
    'TRUNCATE orders',
    'SELECT * FROM relay_progress',
    'INSERT INTO drizzle.__drizzle_migrations (hash) VALUES (1)',
    'CREATE TABLE another (id int)',
    'DROP PUBLICATION order_outbox',
    "SELECT pg_create_logical_replication_slot('other', 'pgoutput')",
  ]) {
    await assert.rejects(roles.api.query(statement), DENIED, statement);
  }
});
