import assert from 'node:assert/strict';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { openApp } from '../../support/app.ts';

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
