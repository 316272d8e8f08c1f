import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { drizzle } from 'drizzle-orm/node-postgres';
import { buildApp } from '../../../src/app.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { learnBackend } from '../../../src/db/backend.ts';
import { assertSchemaCurrent } from '../../../src/db/schema-version.ts';
import { removeExpired } from '../../../src/idempotency/answer-store.ts';
import { cleanup } from '../../support/cleanup.ts';
import { cut, halfOpen, loseAnswer, onCommit } from '../../support/commit-faults.ts';
import { openTcpProxy } from '../../support/tcp-proxy.ts';
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

test('the role of the api may ask what became of a commit, and end its own process', async (t) => {
  const { post, proxy } = await openBehindProxy(t);

  onCommit(proxy, roles.admin, loseAnswer);
  const stored = await post();
  onCommit(proxy, roles.admin, halfOpen);
  const notStored = await post();

  assert.deepEqual([stored.statusCode, notStored.statusCode], [201, 503], notStored.body);
  assert.match(notStored.json().type, /database-unavailable$/);
});

test('where it may not ask which server it is, orders are taken, and only a lost commit is uncertain', async (t) => {
  await roles.admin.query('REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC');
  cleanup(t, () => roles.admin.query('GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC'));
  const { post, proxy } = await openBehindProxy(t);

  const usual = await post();
  onCommit(proxy, roles.admin, cut);
  const lost = await post();

  assert.deepEqual([usual.statusCode, lost.statusCode], [201, 503]);
  assert.match(lost.json().type, /commit-uncertain$/);
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

/** The api as it runs, with connections that can be lost. */
async function openBehindProxy(t: TestContext) {
  const url = new URL(roles.urlOf('order_api'));
  const proxy = await openTcpProxy(t, Number(url.port));
  const log = createLogger({ level: 'silent', service: 'test' });
  const behind = Object.assign(url, { port: String(proxy.port) }).href;
  const pool = openPool({ url: behind, max: 2, applicationName: 'api', log, onConnect: learnBackend });
  const app = await buildApp({ pool, log, docs: false });
  cleanup(t, async () => {
    await app.close();
    await pool.end();
  });
  const post = () => app.inject({ method: 'POST', url: '/api/orders', payload: ORDER });
  return { post, proxy };
}
