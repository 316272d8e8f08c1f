import assert from 'node:assert/strict';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { openEdge } from '../../support/edge-app.ts';

test('a request says what it has to be: one Host, no expectation but 100-continue, no body that is too large', async (t) => {
  const app = await openEdge(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const post = 'POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';
  const cases: [bytes: string, status: number, detail: RegExp][] = [
    [
      'GET /api/orders HTTP/1.1\r\nHost: x\r\nhost: y\r\nConnection: close\r\n\r\n',
      400,
      /host must be there once/,
    ],
    [`${post}Expect: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`, 417, /leave Expect out/],
    [`${post}Expect: 100-continue\r\nContent-Length: 999999\r\n\r\n`, 413, /larger than 256 KB/],
  ];

  for (const [bytes, status, detail] of cases) {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    const answer = await text(socket);
    // It is the first thing that comes: no 100 stands before it.
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(answer, /\r\nContent-Type: application\/problem\+json\r\n/i);
    assert.match(answer, detail);
  }
});
