import assert from 'node:assert/strict';
import dns from 'node:dns';
import { type TestContext, test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { createCluster, openPool } from '../../support/cluster.ts';
import { createDatabase } from '../../support/database.ts';
import { tutorialOrder } from '../../support/orders.ts';
import {
  createBus,
  insertEvent,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { openStandby, untilReplayed } from '../../support/standby.ts';
import { openTcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';
import { checkLoadDelivered } from '../support/delivery.ts';
import { startLoad } from '../support/load.ts';
import { untilToldAndTried } from '../support/told.ts';

test('a database whose host name does not resolve is told, and found once it does', async (t) => {
  const { url, pool } = await createDatabase(t);
  const names = breakNames(t);
  const bus = await createBus(t);
  await insertEvent(pool, 'Waiting');

  const relay = startRelay(t, { url: Object.assign(new URL(url), { hostname: 'server.invalid' }).href, bus });
  await untilToldAndTried(relay, 'ENOTFOUND');
  names.resolveTo('127.0.0.1');

  await untilArrived(bus, 1);
  await untilStreaming(relay);
});

test('a broker whose host name does not resolve is told in the rows, and found once it does', async (t) => {
  const { url, pool } = await createDatabase(t);
  const names = breakNames(t);
  const bus = await createBus(t);
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  await first.stop();
  const connectionString = bus.connectionString.replace('localhost', 'server.invalid');
  const relay = startRelay(t, { url, bus: { ...bus, connectionString } });
  await untilStreaming(relay);
  const load = startLoad(t, url);

  await until('the rows say why', async () => {
    const { rowCount } = await pool.query(
      `SELECT FROM outbox WHERE retry_count >= 2 AND error_message LIKE '%ENOTFOUND%'`,
    );
    return rowCount !== 0;
  });
  assert.equal(relay.monitor.isReady, false);
  names.resolveTo('127.0.0.1');

  assert.deepEqual(await checkLoadDelivered(bus, load), []);
  await until('it is ready', () => relay.monitor.isReady);
});

test('a database whose host name moves, as after a failover, is found where it is then, by the relay and by the api', {
  skip: process.platform !== 'linux' && 'needs the whole loopback network',
}, async (t) => {
  const { postgres, url, pool } = await createCluster(t);
  const standby = await openStandby(t, postgres);
  const replica = openPool(t, standby.url('orders'));
  const { port } = await openTcpProxy(t, postgres.port);
  await openTcpProxy(t, standby.port, { host: '127.0.0.2', port });
  const names = breakNames(t);
  names.resolveTo('127.0.0.1');
  const named = Object.assign(new URL(url), { hostname: 'server.invalid', port: String(port) }).href;
  const bus = await createBus(t);
  const relay = startRelay(t, { url: named, bus });
  const app = await openApp(t, { database: { url: named, name: 'orders', pool } });
  await app.post(tutorialOrder());
  await untilArrived(bus, 1);
  await untilReplayed(pool, replica);

  await postgres.stop('kill');
  await replica.query('SELECT pg_promote()');
  names.resolveTo('127.0.0.2');
  await until('the api takes orders', async () => (await app.post(tutorialOrder())).statusCode === 201);

  await untilArrived(bus, 2);
  await untilStreaming(relay);
  await untilAllMarked(replica);
});

/** In this process the name server.invalid does not resolve, until it is said to what. */
function breakNames(t: TestContext): { resolveTo(address: string): void } {
  let known: string | undefined;
  const original = dns.lookup as (...args: unknown[]) => void;
  t.mock.method(dns, 'lookup', (name: string, ...rest: unknown[]) => {
    if (name !== 'server.invalid') return original(name, ...rest);
    if (known) return original(known, ...rest);
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    process.nextTick(rest.at(-1) as (error: Error) => void, error);
  });
  return {
    resolveTo(address) {
      known = address;
    },
  };
}
