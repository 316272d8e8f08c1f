import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { createBus, insertEvent, untilAllMarked, untilArrived } from '../../support/relay.ts';
import { openTcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';
import { readiness, startRelayProcess } from '../support/relay-process.ts';

test('behind a transaction pooler the relay says why it cannot stream; with a URL of its own it does', async (t) => {
  const { url, pool } = await createDatabase(t);
  const pooled = await openPooler(t, url);
  const bus = await createBus(t);
  await insertEvent(pool, 'Waiting');

  const behind = await startRelayProcess(t, { url: pooled, bus });
  const told = () =>
    behind.lines.filter((line) => line.includes('unsupported startup parameter: replication'));
  await until('it says why, and has tried again', () => told().length >= 2);
  assert.equal(await readiness(behind), 503);
  assert.equal(await behind.stop(), 0);
  const straight = await startRelayProcess(t, { url: pooled, bus }, { RELAY_DATABASE_URL: url });

  await untilArrived(bus, 1);
  await untilAllMarked(pool);
  assert.equal(await straight.stop(), 0);
});

/** As PgBouncer answers: ordinary connections pass, one for replication is refused by its startup message. */
async function openPooler(t: TestContext, url: string): Promise<string> {
  const proxy = await openTcpProxy(t, Number(new URL(url).port));
  const field = (type: string, text: string) => `${type}${text}\0`;
  const fields = Buffer.from(
    `${field('S', 'FATAL')}${field('C', '08P01')}${field('M', 'unsupported startup parameter: replication')}\0`,
  );
  const refusal = Buffer.concat([Buffer.from('E'), Buffer.alloc(4), fields]);
  refusal.writeUInt32BE(fields.length + 4, 1);
  proxy.onClientData = (data, { client, server }) => {
    if (!data.includes('replication\0')) return;
    server.destroy();
    client.end(refusal);
  };
  return Object.assign(new URL(url), { port: String(proxy.port) }).href;
}
