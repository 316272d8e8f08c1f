import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { cleanup } from '../support/cleanup.ts';
import { openLog } from '../support/log-lines.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import { startRelay } from '../support/relay.ts';
import { until } from '../support/until.ts';

test('tries that fail slowly are failures in a row too: a server that never answers becomes an error', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined); // the relay gives up on it, that is the test
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  cleanup(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  const bus = new MemoryPublisher();
  const { log, lines } = openLog();

  startRelay(t, { url: `postgres://nobody@127.0.0.1:${port}/orders`, bus, parts: () => ({ log }) });
  const told = () => lines.filter(({ msg }) => msg === 'Not streaming; trying again');
  await until('it has tried six times', () => told().length >= 6);

  assert.deepEqual(
    told()
      .slice(0, 6)
      .map(({ level }) => level),
    ['warn', 'warn', 'warn', 'warn', 'error', 'error'],
  );
});
