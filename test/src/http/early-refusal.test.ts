import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import * as tls from 'node:tls';
import fastify, { type FastifyInstance } from 'fastify';
import pg from 'pg';
import { limitsOf } from '../../../src/admission/limits.ts';
import { Refusals } from '../../../src/admission/refusals.ts';
import { createLogger } from '../../../src/core/log.ts';
import type { EdgeOptions } from '../../../src/http/edge.ts';
import { earlyRefusal } from '../../../src/http/plugins/early-refusal.ts';
import { InFlight } from '../../../src/http/plugins/in-flight.ts';
import { metrics } from '../../../src/http/plugins/metrics.ts';
import { CERTIFICATES } from '../../support/certificates/files.ts';
import { openEdge } from '../../support/edge-app.ts';
import { seriesOf } from '../../support/metrics.ts';
import { until } from '../../support/until.ts';

const ID = '0193c0ff-ee00-7abc-8def-0123456789ab';
const FULL = { limits: limitsOf(8, { maxInFlight: 0 }), newId: () => ID };
const ORDER = 'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
const LAST = 'GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';
const REFUSED = /^HTTP\/1\.1 503 Service Unavailable\r\n.*"type":"urn:order-service:problem:overloaded"/s;

const SHOP = 'https://shop.example.com';
const { server: certFile, key: keyFile } = CERTIFICATES;
const EDGES: Record<string, EdgeOptions> = {
  'as it is': {},
  'with CORS': { corsOrigins: ['http://localhost:3000', SHOP] },
  'with CORS for all': { corsOrigins: ['*'] },
  'behind a path': { publicBasePath: '/shop', rateLimit: { requests: 100, windowSeconds: 60 } },
  'over TLS': { tls: { certFile, keyFile } },
};
const CLOSE = 'Connection: close\r\n';
const HEADERS = [
  '',
  'X-Correlation-Id: c-1\r\nX-Request-Id: r-1\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n',
  'X-Request-Id: \xe9\r\n',
  `Origin: ${SHOP}\r\n`,
  'Origin: https://evil.example.com\r\n',
  CLOSE,
];

for (const [name, edge] of Object.entries(EDGES)) {
  test(`what is refused before Fastify gets the answer that Fastify has, ${name}`, async (t) => {
    const app = await openEdge(t, edge, [], FULL);
    const open = await listen(app, edge);
    for (const method of ['POST', 'GET', 'HEAD', 'PUT']) {
      for (const headers of HEADERS) {
        const head = `${method} /api/orders HTTP/1.1\r\nHost: x\r\n${headers}`;
        const last = headers === CLOSE ? '' : LAST;

        const early = await answersTo(open, `${head}${ORDER}${last}`);
        // What has an expectation is left to Fastify.
        const late = await answersTo(open, `${head}Expect: 100-continue\r\n${ORDER}${last}`);

        assert.match(early, method === 'HEAD' ? /^HTTP\/1\.1 503 [^{]*\r\n\r\n(HTTP\/1\.1 200|$)/ : REFUSED);
        assert.equal(early, late.replace('HTTP/1.1 100 Continue\r\n\r\n', ''), head);
      }
    }
    const counts = seriesOf((await app.inject('/metrics')).body);
    const refusals = 2 * 4 * HEADERS.length;
    assert.equal(counts.get('order_service_refused_requests_total{reason="in-flight"}'), refusals);
    assert.equal(counts.get('order_service_problems_total{type="overloaded",status="503"}'), refusals);
    assert.equal(counts.get(answers('POST', '/api/*')), HEADERS.length);
    assert.equal(counts.get(answers('POST', '/api/orders')), HEADERS.length);
  });
}

test('what is not under /api is served, and what is not valid gets the answer that says so', async (t) => {
  const app = await openEdge(t, { corsOrigins: [SHOP] }, [], FULL);
  const open = await listen(app);
  const cases: [request: string, status: number][] = [
    ['GET /health/live HTTP/1.1\r\nHost: x', 200],
    ['GET /metrics HTTP/1.1\r\nHost: x', 200],
    ['GET /docs/ HTTP/1.1\r\nHost: x', 200],
    ['GET /api HTTP/1.1\r\nHost: x', 404],
    ['GET /api/orders HTTP/1.1\r\nHost: x\r\nHost: y', 400],
    ['GET /api/orders HTTP/1.1\r\nHost: x\r\nX-User-Id: a b', 400],
    ['GET /api/orders HTTP/1.1\r\nHost: x\r\nExpect: more', 417],
    [
      `OPTIONS /api/orders HTTP/1.1\r\nHost: x\r\nOrigin: ${SHOP}\r\nAccess-Control-Request-Method: POST`,
      204,
    ],
  ];

  for (const [request, status] of cases)
    assert.match(
      await answersTo(open, `${request}\r\nConnection: close\r\n\r\n`),
      new RegExp(`^HTTP/1.1 ${status} `),
      request,
    );
});

test('over plain HTTP nothing is said with HTTPS_REDIRECT but to use TLS', async (t) => {
  const app = await openEdge(t, { httpsRedirect: true }, [], FULL);
  const answer = await answersTo(
    await listen(app),
    `POST /api/orders HTTP/1.1\r\nHost: x\r\n${ORDER}${LAST}`,
  );
  assert.match(answer, /^HTTP\/1\.1 403 /);
});

test('requests that come together are answered in their order', async (t) => {
  const app = await openEdge(t, {}, [], FULL);
  const open = await listen(app);
  const ask = (name: string) =>
    `POST /api/orders HTTP/1.1\r\nHost: x\r\nX-Correlation-Id: ${name}\r\n${ORDER}`;

  const all = await answersTo(
    open,
    `${['a', 'b', 'c', 'd'].map(ask).join('')}HEAD /api/orders HTTP/1.1\r\nHost: x\r\n\r\n${LAST}`,
  );

  const order = [...all.matchAll(/HTTP\/1\.1 (\d+)|x-correlation-id: ([a-d])\r/g)].map(([, a, b]) => a ?? b);
  assert.deepEqual(order, ['503', 'a', '503', 'b', '503', 'c', '503', 'd', '503', '200']);
});

test('a body is refused unread, and the connection goes on after it', async (t) => {
  const app = await openEdge(t, {}, [], FULL);
  const socket = (await listen(app))();
  let received = '';
  socket.setEncoding('utf8').on('data', (part: string) => {
    received += part;
  });

  socket.write('POST /api/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n{');
  await until('it is refused', () => REFUSED.test(received));
  socket.write(`${' '.repeat(199_999)}${LAST}`);
  await once(socket, 'close');

  assert.match(received, /}HTTP\/1\.1 200 OK\r\n/);
});

test('who asks again at once is delayed, and served if there is room by then; who has gone meanwhile is not', async (t) => {
  const inFlight = new InFlight(1);
  const { app, served } = await openDelaying(t, inFlight);
  const open = await listen(app);
  const ask = 'GET /api/here HTTP/1.1\r\nHost: x\r\n\r\n';
  let came = 0;
  const gone = open();
  app.server.on('request', ({ socket }) => {
    came++;
    if (came === 2) socket.destroy();
    if (came === 4) inFlight.count = 0; // after it was looked at, and long before it is again
  });

  inFlight.count = 1;
  gone.write(ask + ask);
  await once(gone.resume(), 'close');
  const answer = await answersTo(open, `${ask}${ask.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')}`);

  assert.match(answer, REFUSED);
  assert.match(answer, /}HTTP\/1\.1 200 OK\r\n.*served$/s);
  assert.equal(served(), 1);
});

const answers = (method: string, route: string) =>
  `http_server_request_duration_seconds_count{http_request_method="${method}",http_route="${route}",http_response_status_code="503"}`;

/** What opens a connection to the app, which listens from now on. */
async function listen(app: FastifyInstance, edge: EdgeOptions = {}): Promise<() => Socket> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return () =>
    edge.tls ? tls.connect({ port, rejectUnauthorized: false }) : connect({ port, host: '127.0.0.1' });
}

/** All that is answered on a connection of its own until it is closed, without the dates. */
async function answersTo(open: () => Socket, request: string): Promise<string> {
  const socket = open();
  socket.write(request, 'latin1');
  return (await text(socket)).replaceAll(/Date: .*\r\n/g, '');
}

/** An app with one route, and how often that was asked. */
async function openDelaying(t: TestContext, inFlight: InFlight) {
  let count = 0;
  const app = fastify();
  const pool = new pg.Pool();
  const refusals = new Refusals(createLogger({ level: 'silent', service: 'test' }));
  app.register(metrics, { pool, connections: { waiting: 0 }, inFlight, refusals });
  app.register(earlyRefusal, {
    inFlight,
    refusals,
    newId: () => ID,
    publicBasePath: '',
    isClosing: () => false,
  });
  app.get('/api/here', () => {
    count++;
    return 'served';
  });
  t.after(async () => {
    await app.close();
    await pool.end();
  });
  return { app, served: () => count };
}
