import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { npmScript } from '../../dev/npm-script.ts';
import { type Child, startChild } from '../support/child-process.ts';
import { createCluster, openCluster } from '../support/cluster.ts';
import { createDatabase } from '../support/database.ts';
import { absentIssuer } from '../support/issuer.ts';
import { lockOrders } from '../support/lock-orders.ts';
import { tutorialOrder } from '../support/orders.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

test('the process takes an order, then stops on SIGTERM with 0', async (t) => {
  const { url, pool } = await createDatabase(t);
  const api = start(t, { DATABASE_URL: url });
  const base = await listening(api);
  await api.logged('Ready');

  const response = await postOrder(base);

  assert.equal(response.status, 201);
  assert.equal((await pool.query('SELECT FROM outbox')).rowCount, 1);
  api.signal('SIGTERM');
  assert.equal(await api.exited, 0);
  assert.equal(api.stderr(), '');
});

test('an order that is under way when the stop comes is finished first', async (t) => {
  const { url, pool } = await createDatabase(t);
  const api = start(t, { DATABASE_URL: url });
  const base = await listening(api);
  await api.logged('Ready');
  const release = await lockOrders(t, pool);
  const order = postOrder(base);
  await until('the order waits', () => waitsForLock(pool));

  api.signal('SIGTERM');
  await api.logged('Stopping');
  await release();

  assert.equal((await order).status, 201);
  assert.equal(await api.exited, 0);
});

test('whoever asks for its health is answered while all its connections wait', async (t) => {
  const { url, pool } = await createDatabase(t);
  const api = start(t, { DATABASE_URL: url, DATABASE_POOL_SIZE: '1' });
  const base = await listening(api);
  await api.logged('Ready');
  const release = await lockOrders(t, pool);
  const order = postOrder(base);
  await until('the order waits', () => waitsForLock(pool));

  const ready = await fetch(`${base}/health/ready`);
  const refused = await Promise.all(Array.from({ length: 20 }, () => postOrder(base)));

  assert.equal(ready.status, 200);
  for (const { status } of refused) assert.equal(status, 503);
  assert.equal((await fetch(`${base}/health/ready`)).status, 200, 'overload is not unreadiness');
  await release();
  assert.equal((await order).status, 201);
});

test('asked to stop it is not ready at once, and serves new connections until its drain delay is over', async (t) => {
  const { url } = await createDatabase(t);
  const api = start(t, { DATABASE_URL: url, DRAIN_DELAY_SECONDS: '2' });
  const base = await listening(api);
  await api.logged('Ready');
  const status = async (path: string) => {
    const response = await fetch(`${base}${path}`, { headers: { connection: 'close' } });
    await response.text();
    return response.status;
  };
  assert.equal(await status('/health/ready'), 200);

  api.signal('SIGTERM');
  await api.logged('Stopping');

  assert.equal(await status('/health/ready'), 503);
  assert.equal(await status('/health/live'), 200);
  assert.equal((await postOrder(base)).status, 201);
  assert.equal(await api.exited, 0);
});

test('killed after COMMIT and before its answer, another process gives the answer to who asks again with the key', async (t) => {
  const { url, pool } = await createDatabase(t);
  const proxy = await openTcpProxy(t, Number(new URL(url).port));
  const proxied = Object.assign(new URL(url), { port: String(proxy.port) }).href;
  const killed = start(t, { DATABASE_URL: proxied });
  const survivor = start(t, { DATABASE_URL: url });
  await killed.logged('Ready');
  await survivor.logged('Ready');
  proxy.onClientData = (data, link) => {
    if (!/\bcommit\b/.test(data.toString('latin1'))) return;
    link.muteServer();
    link.server.once('data', () => killed.signal('SIGKILL')); // the server has answered: it is committed
  };

  const lost = postOrder(await listening(killed), 'key-1');
  await assert.rejects(lost, TypeError, 'the connection is gone');
  const retried = await postOrder(await listening(survivor), 'key-1');

  assert.equal(await killed.exited, 'SIGKILL');
  assert.deepEqual([retried.status, retried.headers.get('idempotency-replayed')], [201, 'true']);
  const { orderId } = (await retried.json()) as { orderId: string };
  assert.equal(retried.headers.get('location'), `/api/orders/${orderId}`);
  const { rows } = await pool.query(
    'SELECT order_id, (SELECT count(*)::int FROM outbox) AS events FROM orders',
  );
  assert.deepEqual(rows, [{ order_id: orderId, events: 1 }]);
});

test('without its database it is alive and not ready; once the database is there, its schema is checked', async (t) => {
  const postgres = await openCluster(t);
  await postgres.stop('kill');
  const api = start(t, { DATABASE_URL: postgres.url('postgres') });
  const base = await listening(api);

  await api.logged('The database does not answer');
  assert.equal((await fetch(`${base}/health/live`)).status, 200);
  assert.equal((await fetch(`${base}/health/ready`)).status, 503);
  assert.equal((await postOrder(base)).status, 503);

  // The tables alone are not what it waits for: it wants the newest migration.
  await postgres.start();
  assert.equal(await api.exited, 1);
  assert.match(JSON.stringify(api.logs), /npm run db:migrate/);
});

test('a database that goes away and comes back is survived', async (t) => {
  const { postgres, url } = await createCluster(t);
  const api = start(t, { DATABASE_URL: url });
  const base = await listening(api);
  const ready = async () => (await fetch(`${base}/health/ready`)).status === 200;
  await until('it is ready', ready);

  await postgres.stop('kill');
  await until('it is not ready', async () => !(await ready()));
  assert.equal((await postOrder(base)).status, 503);
  await postgres.start();
  await until('it is ready again', ready);

  api.signal('SIGTERM');
  assert.equal(await api.exited, 0);
});

test('a stop while it still waits for its database ends it with 0', async (t) => {
  const api = start(t, { DATABASE_URL: 'postgres://127.0.0.1:1/nowhere' });
  await api.logged('The database does not answer');

  api.signal('SIGTERM');

  assert.equal(await api.exited, 0);
});

test('a schema that is behind ends it with 1 and the command to run', async (t) => {
  const { url, pool } = await createDatabase(t);
  await pool.query('DELETE FROM drizzle.__drizzle_migrations');
  const api = start(t, { DATABASE_URL: url });

  assert.equal(await api.exited, 1);
  assert.match(JSON.stringify(api.logs), /Run: npm run db:migrate/);
});

test('a port that is taken ends it with 1', async (t) => {
  const { url } = await createDatabase(t);
  const first = start(t, { DATABASE_URL: url });
  const { port } = new URL(await listening(first));
  const second = start(t, { DATABASE_URL: url, PORT: port });

  assert.equal(await second.exited, 1);
  assert.match(JSON.stringify(second.logs), /EADDRINUSE/);
});

test('a bad configuration ends it with 78, every bad variable named', async (t) => {
  const api = start(t, { PORT: 'http', API_DOCS: 'perhaps' });

  assert.equal(await api.exited, 78);
  for (const name of ['DATABASE_URL', 'PORT', 'API_DOCS']) assert.match(api.stderr(), RegExp(name));
});

test('in production the docs are off, unless they are asked for', async (t) => {
  const { url } = await createDatabase(t);
  const docsWith = async (env: Record<string, string>) => {
    const base = await listening(start(t, { DATABASE_URL: url, ...env }));
    return (await fetch(`${base}/openapi.json`)).status;
  };

  assert.equal(await docsWith({}), 200);
  const production = { NODE_ENV: 'production', API_AUTH: 'none' };
  assert.equal(await docsWith(production), 404);
  assert.equal(await docsWith({ ...production, API_DOCS: 'true' }), 200);
  assert.equal(await docsWith({ API_DOCS: 'false' }), 404);
});

test('it says loudly that it is open, and in production it does not start so unless it is told to', async (t) => {
  const { url } = await createDatabase(t);
  const open = start(t, { DATABASE_URL: url });
  const told = start(t, { DATABASE_URL: url, NODE_ENV: 'production', API_AUTH: 'none' });
  const refused = start(t, { DATABASE_URL: url, NODE_ENV: 'production' });

  for (const api of [open, told]) {
    assert.equal((await api.logged('The api is open'))['level'], 'warn');
    assert.equal((await fetch(`${await listening(api)}/api/orders`)).status, 200);
  }
  assert.equal(await refused.exited, 78);
  assert.match(refused.stderr(), /set OIDC_ISSUER and OIDC_AUDIENCE, or API_AUTH=none/);
});

test('with an issuer that is away at its start it is ready, and takes tokens once the issuer is there', async (t) => {
  const { url } = await createDatabase(t);
  const { auth, open } = await absentIssuer(t);
  const oidc = { OIDC_ISSUER: auth.issuer, OIDC_AUDIENCE: auth.audience, OIDC_CUSTOMER_CLAIM: 'tenant' };
  const api = start(t, { DATABASE_URL: url, NODE_ENV: 'production', ...oidc });
  const base = await listening(api);
  await api.logged('Could not get the keys of the issuer');
  await api.logged('Ready');
  assert.equal((await postOrder(base)).status, 401);

  const issuer = await open();
  const token = await issuer.sign({ scope: 'orders:write', tenant: 'cust-123' });

  await until('the order is taken', async () => (await postOrder(base, undefined, token)).status === 201);
  assert.ok(!api.logs.some(({ msg }) => String(msg).startsWith('The api is open')));
  assert.ok(!JSON.stringify(api.logs).includes(token));
});

function start(t: TestContext, env: Record<string, string>): Child {
  return startChild(t, npmScript('api').args, { HOST: '127.0.0.1', PORT: '0', ...env });
}

async function listening(api: Child): Promise<string> {
  const { msg } = await api.logged('Server listening at ');
  return String(msg).replace('Server listening at ', '');
}

function postOrder(base: string, key?: string, token?: string): Promise<Response> {
  const body = JSON.stringify(tutorialOrder());
  return fetch(`${base}/api/orders`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key && { 'idempotency-key': key }),
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body,
  });
}

async function waitsForLock(pool: pg.Pool): Promise<boolean> {
  const waiting = await pool.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return waiting.rowCount === 1;
}
