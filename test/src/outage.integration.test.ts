import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { openApp, type TestApp } from '../support/app.ts';
import { lockOrders } from '../support/lock-orders.ts';
import { tutorialOrder } from '../support/orders.ts';
import { openTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

test('a database that refuses connections is a 503 at once, and the next order after its return is taken', async (t) => {
  const { app, proxy } = await openBehindProxy(t);
  let refuse = true;
  proxy.onClientData = (_data, { client, server }) => {
    if (refuse) for (const socket of [client, server]) socket.destroy();
  };

  for (const response of await Promise.all(Array.from({ length: 20 }, () => app.post(tutorialOrder())))) {
    assertUnavailable(response);
  }
  assertUnavailable(await app.request({ url: `/api/orders/${'0'.repeat(32)}` }));
  assert.deepEqual(await app.rowCounts(), [0, 0, 0]);
  refuse = false;

  assert.equal((await app.post(tutorialOrder())).statusCode, 201);
});

test('a database that says nothing is a 503 within the time limits', async (t) => {
  const { app, proxy } = await openBehindProxy(t, { connectTimeoutMs: 300, statementTimeoutMs: 300 });
  await app.post(tutorialOrder());
  proxy.onClientData = (_data, link) => link.muteServer();

  const started = performance.now();
  const responses = await Promise.all([
    app.post(tutorialOrder()), // on the open connection: no answer to BEGIN
    app.post(tutorialOrder()), // no answer to its new connection
    app.request({ url: `/api/orders/${'0'.repeat(32)}` }),
  ]);

  for (const response of responses) assertUnavailable(response);
  assert.ok(performance.now() - started < 4_000);
  assert.deepEqual(await app.rowCounts(), [1, 2, 1]);
});

test('a backend killed in the middle of an order takes nothing with it but that order', async (t) => {
  const app = await openApp(t);
  const release = await lockOrders(t, app.db);
  const order = app.post(tutorialOrder());
  const pid = await until('the order waits for the lock', () => waitingBackend(app));

  await app.db.query('SELECT pg_terminate_backend($1)', [pid]);

  assertUnavailable(await order);
  await release();
  assert.deepEqual(await app.rowCounts(), [0, 0, 0]);
  assert.equal((await app.post(tutorialOrder())).statusCode, 201);
});

test('a statement that is stopped by its time limit is a 503', async (t) => {
  const app = await openApp(t, { poolOptions: { statementTimeoutMs: 200 } });
  const release = await lockOrders(t, app.db);

  const response = await app.post(tutorialOrder());

  assertUnavailable(response);
  await release();
  assert.equal((await app.post(tutorialOrder())).statusCode, 201);
});

test('with every connection in use, an order waits a moment, then is a 503, and nothing stays stuck', async (t) => {
  const app = await openApp(t, { poolOptions: { max: 1, connectTimeoutMs: 200 } });
  const release = await lockOrders(t, app.db);
  const first = app.post(tutorialOrder());
  await until('the first order waits for the lock', () => waitingBackend(app));

  const second = await app.post(tutorialOrder());

  assertUnavailable(second);
  await release();
  assert.equal((await first).statusCode, 201);
  assert.equal((await app.post(tutorialOrder())).statusCode, 201);
});

async function openBehindProxy(
  t: TestContext,
  poolOptions: { connectTimeoutMs?: number; statementTimeoutMs?: number } = {},
): Promise<{ app: TestApp; proxy: TcpProxy }> {
  const server = new URL(process.env['TEST_POSTGRES_URL'] ?? '');
  const proxy = await openTcpProxy(t, Number(server.port));
  const url = (direct: string) => Object.assign(new URL(direct), { port: String(proxy.port) }).href;
  return { app: await openApp(t, { url, poolOptions }), proxy };
}

async function waitingBackend({ db }: TestApp): Promise<number | undefined> {
  const { rows } = await db.query(
    `SELECT pid FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'api' AND wait_event_type = 'Lock'`,
  );
  return rows[0]?.pid;
}

function assertUnavailable(response: LightMyRequestResponse): void {
  assert.equal(response.statusCode, 503, response.body);
  assert.equal(response.json().type, 'urn:order-service:problem:database-unavailable');
  assert.equal(response.headers['retry-after'], '2');
}
