import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { NO_FIGURES } from '../../../relay/monitoring/session-figures.ts';
import { watchSession } from '../../../relay/session/session-watch.ts';
import { openPool } from '../../../src/core/pool.ts';
import { cleanup } from '../../support/cleanup.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { openRun } from '../../support/session-run.ts';

test('a PostgreSQL that gives no answer is gone at the second time', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined); // the pool gives up on it, that is the test
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  cleanup(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const run = await openRun(t, new MemoryPublisher());
  const { port } = server.address() as { port: number };
  const url = `postgres://nobody@127.0.0.1:${port}/orders`;
  const pool = openPool({ url, max: 1, applicationName: 'watch', log: run.log, connectTimeoutMs: 50 });
  cleanup(t, () => pool.end());

  const failed = Promise.withResolvers<unknown>();
  const watch = watchSession({
    ...run,
    pool,
    epoch: 1n,
    state: { handledLsn: 0n, parkedOrders: [], figures: NO_FIGURES },
    publicationVersion: 'v1',
    fail: failed.resolve,
    letGo: () => undefined,
  });
  cleanup(t, async () => clearInterval(watch));

  assert.match(String(await failed.promise), /timeout/);
  assert.equal(sockets.length, 2);
});
