import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';

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
  const late = connect(port, '127.0.0.1');
  await once(late, 'error');
  await holder.query('ROLLBACK');
  holder.release();

  assert.match(await answer, /^HTTP\/1.1 201 Created\r\n.*\r\nconnection: close\r\n/is);
  await closed;
  assert.ok(performance.now() - started < 4_000, 'neither keep-alive connection held it up');
});

function post(socket: Socket): void {
  const body = JSON.stringify(tutorialOrder());
  const head = `POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  socket.write(`${head}\r\n\r\n${body}`);
}
