import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { startBusyClients } from '../../support/busy-clients.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { until } from '../../support/until.ts';

test('a stopping server finishes the request it has, takes no connection more, and waits for no idle one', async (t) => {
  const { app, db } = await openApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const holder = await db.connect();
  await holder.query('BEGIN');
  await holder.query('LOCK TABLE orders');
  const idle = connect(port, '127.0.0.1');
  await once(idle, 'connect');
  const kept = connect(port, '127.0.0.1');
  post(kept);
  const answer = text(kept);
  await once(app.server, 'request');

  const started = performance.now();
  const closed = app.close();
  await until('it does not listen', () => !app.server.listening);
  const late = connect(port, '127.0.0.1');
  await once(late, 'error');
  await holder.query('ROLLBACK');
  holder.release();

  assert.match(await answer, /^HTTP\/1.1 201 Created\r\n.*\r\nconnection: close\r\n/is);
  await closed;
  assert.ok(performance.now() - started < 4_000, 'neither keep-alive connection held it up');
});

test('what was sent when the stop comes is answered: on a connection that is kept, on a new one, on one that nobody has accepted yet', async (t) => {
  const { app } = await openApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const kept = await openSocket(port);
  ask(kept, 'keep-alive');
  await once(kept, 'data');
  const accepted = await openSocket(port);
  const fresh = connect(port, '127.0.0.1');
  for (const socket of [kept, accepted, fresh]) ask(socket, 'keep-alive');
  const answers = [kept, accepted, fresh].map((socket) => text(socket));

  const closed = app.close();

  for (const answer of await Promise.all(answers))
    assert.match(answer, /^HTTP\/1.1 200 OK\r\n.*connection: close\r\n/is);
  await closed;
});

test('of clients that send all the time at most the one that nobody can see any more is not answered', async (t) => {
  const { app } = await openApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const { ended } = await startBusyClients({ port, count: 24 });

  await app.close();

  const { unanswered } = await ended;
  assert.ok(unanswered.length <= 1, unanswered.join(', '));
});

async function openSocket(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

function ask(socket: Socket, connection: 'keep-alive' | 'close'): void {
  socket.write(`GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\n\r\n`);
}

function post(socket: Socket): void {
  const body = JSON.stringify(tutorialOrder());
  const head = `POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  socket.write(`${head}\r\n\r\n${body}`);
}
