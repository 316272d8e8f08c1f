import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { limitsOf } from '../../../src/admission/limits.ts';
import { openApp, type TestApp } from '../../support/app.ts';
import { cleanup } from '../../support/cleanup.ts';
import { lockOrders } from '../../support/lock-orders.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { until } from '../../support/until.ts';

const POOL = { poolOptions: { max: 8 } };
const PATIENT_MS = 60_000;

test('what comes while as many are worked on as may be is refused, told by one line, and nothing stays stuck', async (t) => {
  const app = await openApp(t, { ...POOL, limits: limitsOf(8, { maxInFlight: 10, waitMs: PATIENT_MS }) });
  const release = await lockOrders(t, app.db);
  const taken = Array.from({ length: 10 }, () => app.post(tutorialOrder()));
  await until(
    'each connection for writing waits for the lock',
    async () => (await waitingForLocks(app)) === 7,
  );

  const refused = await Promise.all([
    app.post(tutorialOrder()),
    app.post('not even JSON'),
    app.request({ url: '/api/orders' }),
    app.request({ url: `/api/orders/${'0'.repeat(32)}` }),
  ]);
  const health = await app.request({ url: '/health/live' });
  await release();

  for (const response of refused) assertOverloaded(response);
  assert.equal(health.statusCode, 200, 'health is not bounded');
  for (const response of await Promise.all(taken)) assert.equal(response.statusCode, 201);
  assert.equal((await app.post(tutorialOrder())).statusCode, 201);
  assert.deepEqual(await app.rowCounts(), [11, 22, 11]);
  const told = app.logs.filter(({ level, status }) => status === 503 && level !== 'debug');
  assert.deepEqual(told, [], 'no line for each');
});

test('who waits too long for a connection while others have their turn is refused as one of a crowd', async (t) => {
  const app = await openApp(t, { poolOptions: { max: 2 }, limits: limitsOf(2, { waitMs: 2_000 }) });
  await app.db.query(
    `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); RETURN NEW; END $$;
     CREATE TRIGGER slow BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION slow()`,
  );

  const responses = await Promise.all(Array.from({ length: 12 }, () => app.post(tutorialOrder())));

  const refused = responses.filter(({ statusCode }) => statusCode !== 201);
  assert.ok(refused.length > 0 && refused.length < 12, `${refused.length} of 12 refused`);
  for (const response of refused) assertOverloaded(response);
  assert.equal((await app.rowCounts())[0], 12 - refused.length, 'what was refused is not there');
});

test('an order that somebody keeps locked costs those alone who ask for it', async (t) => {
  const app = await openApp(t, { ...POOL, limits: limitsOf(8, { waitMs: PATIENT_MS }) });
  const { orderId } = (await app.post(tutorialOrder())).json();
  const other = (await app.post(tutorialOrder())).json().orderId;
  const release = await takeLock(t, app, `SELECT FROM orders WHERE order_id = '${orderId}' FOR UPDATE`);

  const cancels = Array.from({ length: 40 }, () => app.cancel(orderId));
  await until('some wait for the lock', async () => (await waitingForLocks(app)) > 0);
  assert.ok((await waitingForLocks(app)) <= 2, 'a quarter of the connections at most');
  const meanwhile = await Promise.all([
    ...Array.from({ length: 10 }, () => app.post(tutorialOrder())),
    ...Array.from({ length: 10 }, () => app.request({ url: `/api/orders/${orderId}` })),
    app.request({ url: '/health/ready' }),
    app.cancel(other),
  ]);
  const locked = await Promise.all(cancels);
  await release();

  for (const { statusCode, body } of meanwhile) assert.ok(statusCode < 300, body);
  for (const { statusCode, headers, body } of locked) {
    assert.equal(statusCode, 409, body);
    assert.equal(JSON.parse(body).type, 'urn:order-service:problem:order-locked');
    assert.equal(headers['retry-after'], '1');
  }
  assert.equal((await app.cancel(orderId)).statusCode, 200);
});

test('many who cancel one order at once are all answered, and it is cancelled once', async (t) => {
  const app = await openApp(t, POOL);
  const { orderId } = (await app.post(tutorialOrder())).json();

  const responses = await Promise.all(Array.from({ length: 40 }, () => app.cancel(orderId)));

  assert.deepEqual(
    responses.filter(({ statusCode }) => statusCode !== 200),
    [],
  );
  assert.deepEqual(await app.rowCounts(), [1, 2, 2]);
});

test('orders that cannot be written keep nobody from reading, and slow reading keeps nobody from writing', async (t) => {
  const app = await openApp(t, { ...POOL, limits: limitsOf(8, { waitMs: PATIENT_MS }) });
  const { orderId } = (await app.post(tutorialOrder())).json();
  const writers = await takeLock(t, app, 'LOCK TABLE orders IN SHARE MODE');
  const posts = Array.from({ length: 20 }, () => app.post(tutorialOrder()));
  await until('writing waits', async () => (await waitingForLocks(app)) === 7);
  assert.equal((await app.request({ url: `/api/orders/${orderId}` })).statusCode, 200);
  await writers();
  for (const response of await Promise.all(posts)) assert.equal(response.statusCode, 201);

  // Of what is written into it, orders need no index of the outbox; who reads events does.
  await app.db.query('ALTER TABLE outbox RENAME TO outbox_table');
  await app.db.query(
    `CREATE VIEW outbox AS SELECT outbox_table.* FROM outbox_table, LATERAL (SELECT FROM pg_advisory_lock(42), pg_advisory_unlock(42)) AS gate`,
  );
  await app.db.query(
    `CREATE RULE into_table AS ON INSERT TO outbox DO INSTEAD INSERT INTO outbox_table (message_id, message_type, message_body)
     VALUES (NEW.message_id, NEW.message_type, NEW.message_body)`,
  );
  const readers = await takeLock(t, app, 'SELECT pg_advisory_xact_lock(42)');
  const reads = Array.from({ length: 20 }, () => app.request({ url: `/api/orders/${orderId}/events` }));
  await until('reading waits', async () => (await waitingForLocks(app)) === 7);
  assert.equal((await app.post(tutorialOrder())).statusCode, 201);
  await readers();
  for (const response of await Promise.all(reads)) assert.equal(response.statusCode, 200, response.body);
});

test('requests that are slow to arrive take no place from those that are there', async (t) => {
  const app = await openApp(t, { limits: limitsOf(4, { maxInFlight: 5 }) });
  await app.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.app.server.address() as AddressInfo;
  const head =
    'POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{';
  const slow: Socket[] = [];
  for (let n = 0; n < 20; n++) {
    const socket = connect(port, '127.0.0.1');
    slow.push(socket);
    socket.write(head);
    await once(app.app.server, 'request');
  }

  const response = await fetch(`http://127.0.0.1:${port}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tutorialOrder()),
  });

  for (const socket of slow) socket.destroy();
  assert.equal(response.status, 201);
});

/** Takes the lock, and returns what lets it go. */
async function takeLock(t: TestContext, app: TestApp, lock: string): Promise<() => Promise<void>> {
  const holder = await app.db.connect();
  await holder.query('BEGIN');
  await holder.query(lock);
  let released: Promise<void> | undefined;
  const release = () => {
    released ??= holder.query('ROLLBACK').then(() => holder.release());
    return released;
  };
  cleanup(t, release);
  return release;
}

async function waitingForLocks({ db }: TestApp): Promise<number> {
  const { rowCount } = await db.query(
    `SELECT FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'api' AND wait_event_type = 'Lock'`,
  );
  return rowCount ?? 0;
}

function assertOverloaded(response: LightMyRequestResponse): void {
  assert.equal(response.statusCode, 503, response.body);
  assert.equal(response.json().type, 'urn:order-service:problem:overloaded');
  assert.equal(response.headers['retry-after'], '1');
}
