import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';

test('bytes that are no request get a problem too', async (t) => {
  const port = await listen(t);
  const cases: [bytes: string, status: number][] = [
    ['hello\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nno colon\r\n\r\n', 400],
    ['GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n', 400], // no Host
    [`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ];

  for (const [bytes, status] of cases) {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    assertProblem(await text(socket), status);
  }
});

test('a body that can be taken is asked for', async (t) => {
  const port = await listen(t);
  const socket = connect(port, '127.0.0.1');
  const body = JSON.stringify(tutorialOrder());

  const length = Buffer.byteLength(body);
  socket.write(
    `POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n` +
      `Connection: close\r\nContent-Length: ${length}\r\n\r\n`,
  );
  const [first] = (await once(socket, 'data')) as [Buffer];
  socket.write(body);

  assert.match(String(first), /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  assert.match(await text(socket), /^HTTP\/1\.1 201 /);
});

test('500 requests that never end keep none waiting that does', async (t) => {
  const port = await listen(t);
  const slow = Array.from({ length: 500 }, () => connect(port, '127.0.0.1'));
  t.after(() => {
    for (const socket of slow) socket.destroy();
  });
  const head = 'POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  for (const [n, socket] of slow.entries()) {
    socket.on('error', () => undefined); // the test ends before they do
    socket.write(n % 2 === 0 ? head : `${head}Content-Length: 99\r\n\r\n{`);
  }
  await Promise.all(slow.map(async (socket) => socket.readyState === 'open' || once(socket, 'connect')));

  const answer = await fetch(`http://127.0.0.1:${port}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tutorialOrder()),
  });

  assert.equal(answer.status, 201);
  const stillOpen = slow.filter(({ readyState, bytesRead }) => readyState === 'open' && bytesRead === 0);
  assert.equal(stillOpen.length, 500, 'it was answered while all of them were waiting');
});

test('a request that is sent too slowly is a 408, not a connection for ever', async (t) => {
  const port = await listen(t);
  const socket = connect(port, '127.0.0.1');

  socket.write(
    'POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
  );

  assertProblem(await text(socket), 408);
});

async function listen(t: TestContext): Promise<number> {
  const { app } = await openApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

function assertProblem(answer: string, status: number): void {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  assert.match(head, new RegExp(`^HTTP/1.1 ${status} `));
  assert.match(head, /\r\nContent-Type: application\/problem\+json\r\n/i);
  assert.match(head, /\r\nX-Correlation-Id: [0-9a-f-]{36}\r\n/i);
  const problem = JSON.parse(body);
  assert.equal(problem.status, status);
  assert.equal(problem.errors[0].pointer, '');
}
