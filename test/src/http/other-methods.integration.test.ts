import assert from 'node:assert/strict';
import { METHODS } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { InjectOptions } from 'fastify';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';

const paths: [url: string, allow: string][] = [
  ['/api/orders/0193c0ffee007abc8def0123456789ab', 'GET, HEAD, OPTIONS'],
  ['/health/live', 'GET, HEAD, OPTIONS'],
  ['/openapi.json', 'GET, HEAD, OPTIONS'],
];

test('a method that a path does not have is a 405 with those that it has, whatever the body', async (t) => {
  const { app, request, rowCounts } = await openApp(t);

  for (const [url, allow] of paths) {
    for (const method of METHODS) {
      if (allow.split(', ').includes(method) || method === 'CONNECT') continue;
      const headers = { 'content-type': 'text/plain' };
      const response = await app.inject({ url, method, headers, payload: 'x' } as unknown as InjectOptions);
      assert.equal(response.statusCode, 405, `${method} ${url}`);
      assert.equal(response.headers.allow, allow);
      const problem = response.json();
      assert.equal(problem.type, 'urn:order-service:problem:method-not-allowed');
      assert.ok(problem.detail.startsWith(method));
    }
  }
  const onOrders = await request({ url: '/api/orders', method: 'DELETE' });
  assert.equal(onOrders.statusCode, 405);
  assert.match(String(onOrders.headers.allow), /\bPOST\b/);
  assert.deepEqual(await rowCounts(), [0, 0, 0]);
});

test('OPTIONS is a 204 with the methods of the path, and touches no database', async (t) => {
  const { request } = await openApp(t, { url: () => 'postgres://127.0.0.1:1/nowhere' });

  for (const [url, allow] of paths) {
    const response = await request({ url, method: 'OPTIONS' });
    assert.deepEqual([response.statusCode, response.headers.allow, response.body], [204, allow, '']);
  }
});

test('a path that is not there is a 404 for every method', async (t) => {
  const { app } = await openApp(t);

  for (const method of METHODS.filter((one) => one !== 'CONNECT' && one !== 'QUERY')) {
    const response = await app.inject({ url: '/nowhere', method } as InjectOptions);
    assert.equal(response.statusCode, 404, method);
    if (method !== 'HEAD') assert.equal(response.json().type, 'urn:order-service:problem:route-not-found');
  }
});

test('HEAD has the status and the headers of GET, and no body', async (t) => {
  const { app, post } = await openApp(t);
  const { location } = (await post(tutorialOrder())).headers;
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;

  for (const [url, status] of [
    [String(location), 200],
    [`/api/orders/${'0'.repeat(32)}`, 404],
    ['/nowhere', 404],
    ['/health/live', 200],
  ] as const) {
    const [get = '', ...body] = (await answerTo(port, 'GET', url)).split('\r\n\r\n');
    const [head, nothing] = (await answerTo(port, 'HEAD', url)).split('\r\n\r\n');
    assert.match(get, new RegExp(`^HTTP/1.1 ${status} `));
    assert.ok(body.join('').length > 0);
    // The problem's own id is in the body, and the method is in the detail of the last: their lengths may differ.
    assert.deepEqual(withoutLength(head), withoutLength(get), url);
    assert.equal(nothing, '', url);
  }
});

async function answerTo(port: number, method: string, url: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`${method} ${url} HTTP/1.1\r\nHost: x\r\nX-Correlation-Id: c\r\nConnection: close\r\n\r\n`);
  return text(socket);
}

const withoutLength = (head = '') =>
  head.split('\r\n').filter((line) => !/^(content-length|date): /i.test(line));
