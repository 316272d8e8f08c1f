import assert from 'node:assert/strict';
import dns from 'node:dns';
import { type TestContext, test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { createBus, insertEvent, startRelay, untilArrived, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkDelivered, startLoad } from '../support/load.ts';
import { untilToldAndTried } from '../support/told.ts';

test('a database whose host name does not resolve is told, and found once it does', async (t) => {
  const { url, pool } = await createDatabase(t);
  const names = breakNames(t);
  const bus = await createBus(t);
  await insertEvent(pool, 'Waiting');

  const relay = startRelay(t, { url: Object.assign(new URL(url), { hostname: 'server.invalid' }).href, bus });
  await untilToldAndTried(relay, 'ENOTFOUND');
  names.resolve();

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
  names.resolve();

  assert.equal(await checkDelivered(bus, load), 0);
  await until('it is ready', () => relay.monitor.isReady);
});

/** In this process the name server.invalid does not resolve; later it is this machine's. */
function breakNames(t: TestContext): { resolve(): void } {
  let resolves = false;
  const original = dns.lookup as (...args: unknown[]) => void;
  t.mock.method(dns, 'lookup', (name: string, ...rest: unknown[]) => {
    if (name !== 'server.invalid') return original(name, ...rest);
    if (resolves) return original('127.0.0.1', ...rest);
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
    process.nextTick(rest.at(-1) as (error: Error) => void, error);
  });
  return {
    resolve() {
      resolves = true;
    },
  };
}
