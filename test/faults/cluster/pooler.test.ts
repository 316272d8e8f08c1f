import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { freePort } from '../../../dev/free-port.ts';
import { startProcess } from '../../../dev/managed-process.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';
import { createBus, insertEvent, slotOf, untilAllMarked, untilArrived } from '../../support/relay.ts';
import { openTcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

test('behind a transaction pooler the relay says why it cannot stream; with a URL of its own it does', async (t) => {
  const { url, pool } = await createDatabase(t);
  const pooled = await openPooler(t, url);
  const bus = await createBus(t);
  await insertEvent(pool, 'Waiting');
  const port = await freePort();
  const start = (more: Record<string, string>) => {
    const relay = startProcess('relay', 'relay/main.ts', {
      DATABASE_URL: pooled,
      SERVICEBUS_CONNECTION_STRING: bus.connectionString,
      RELAY_SLOT: slotOf(url),
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: String(port),
      ...more,
    });
    cleanup(t, () => relay.stop('SIGKILL'));
    return relay;
  };

  const behind = start({});
  const told = () =>
    behind.lines.filter((line) => line.includes('unsupported startup parameter: replication'));
  await until('it says why, and has tried again', () => told().length >= 2);
  const ready = await fetch(`http://127.0.0.1:${port}/health/ready`);
  await ready.body?.cancel();
  assert.equal(ready.status, 503);
  assert.equal(await behind.stop(), 0);
  const straight = start({ RELAY_DATABASE_URL: url });

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
