import assert from 'node:assert/strict';
import { test } from 'node:test';
import fastify from 'fastify';
import { documentAccess } from '../../../../src/http/auth/route-access.ts';
import { openApp } from '../../../support/app.ts';
import { absentIssuer, createIssuer } from '../../../support/issuer.ts';
import { tutorialOrder } from '../../../support/orders.ts';
import { wrongTokens } from '../../../support/wrong-tokens.ts';

const ORDER = '0'.repeat(32);
const REQUESTS: [method: 'GET' | 'HEAD' | 'POST', url: string, scope: string][] = [
  ['POST', '/api/orders', 'orders:write'],
  ['POST', `/api/orders/${ORDER}/cancel`, 'orders:write'],
  ['GET', '/api/orders', 'orders:read'],
  ['GET', `/api/orders/${ORDER}`, 'orders:read'],
  ['HEAD', `/api/orders/${ORDER}`, 'orders:read'],
  ['GET', `/api/orders/${ORDER}/events`, 'orders:read'],
];
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('an order is taken with a token, and its subject is the user of the event', async (t) => {
  const issuer = await createIssuer(t);
  const { post, db } = await openApp(t, { auth: issuer.auth });
  const token = await issuer.sign({ sub: 'auth0|alice', scope: 'orders:write', customer_id: 'cust-123' });

  const answer = await post(tutorialOrder(), bearer(token));

  assert.equal(answer.statusCode, 201, answer.body);
  assert.deepEqual((await db.query('SELECT user_id FROM outbox')).rows, [{ user_id: 'auth0|alice' }]);
});

test('without a token every request is a 401 that asks for one, before the body is read', async (t) => {
  const issuer = await createIssuer(t);
  const { request, rowCounts } = await openApp(t, { auth: issuer.auth });
  const headers = [
    {},
    { authorization: '' },
    { authorization: 'Basic YWxpY2U6c2VjcmV0' },
    { authorization: 'Bearerx y' },
  ];

  for (const [method, url] of REQUESTS) {
    for (const each of headers) {
      const payload =
        method === 'POST'
          ? { payload: '{', headers: { ...each, 'content-type': 'text/plain' } }
          : { headers: each };
      const answer =
        method === 'HEAD' ? await headOf(request, url, each) : await request({ method, url, ...payload });

      assert.equal(answer.statusCode, 401, `${method} ${url}`);
      assert.equal(answer.headers['www-authenticate'], 'Bearer realm="orders"');
      if (method !== 'HEAD') assert.equal(answer.json().type, 'urn:order-service:problem:unauthenticated');
    }
  }
  assert.deepEqual(await rowCounts(), [0, 0, 0]);
});

test('a wrong token is a 401 that says what is wrong, and stands in no line of the log', async (t) => {
  const issuer = await createIssuer(t);
  const { request, post, rowCounts, logs } = await openApp(t, { auth: issuer.auth });
  const wrong = await wrongTokens(issuer);
  const headers = [
    ...wrong.map(({ what, token, told }) => ({ what, authorization: `Bearer ${token}`, told })),
    { what: 'no token', authorization: 'Bearer', told: /no token/ },
    { what: 'two words', authorization: 'bearer secret-1 secret-2', told: /no token/ },
  ];

  for (const { what, authorization, told } of headers) {
    for (const answer of [
      await post(tutorialOrder(), { authorization }),
      await request({ url: `/api/orders/${ORDER}`, headers: { authorization } }),
    ]) {
      assert.equal(answer.statusCode, 401, what);
      assert.match(answer.json().detail, told, what);
      const [, description = ''] =
        /^Bearer realm="orders", error="invalid_token", error_description="([^"\\]*)"$/.exec(
          String(answer.headers['www-authenticate']),
        ) ?? [];
      assert.equal(description, answer.json().detail, what);
    }
  }
  await request({ url: `/api/orders?access_token=${wrong[2]?.token}` });
  const good = await issuer.sign({ scope: 'orders:write', customer_id: 'cust-123' });
  await post(tutorialOrder(), bearer(good));

  const logged = JSON.stringify(logs);
  for (const token of [good, ...wrong.map(({ token }) => token)]) {
    for (const part of token.split('.').filter((each) => each.length > 20)) assert.ok(!logged.includes(part));
  }
  assert.ok(!logged.includes('secret'));
  assert.deepEqual(await rowCounts(), [1, 2, 1]);
});

test('a token without the scope of a request is a 403 that names it', async (t) => {
  const issuer = await createIssuer(t);
  const { request } = await openApp(t, { auth: issuer.auth });

  for (const [method, url, scope] of REQUESTS) {
    const other = scope === 'orders:read' ? 'orders:write' : 'orders:read';
    for (const [claims, missing] of [
      [{ scope: `${other} orders:any`, customer_id: 'cust-123' }, scope],
      [{ customer_id: 'cust-123' }, scope],
      [{ scope }, 'orders:any'],
    ] as const) {
      const headers = bearer(await issuer.sign(claims));
      const answer =
        method === 'HEAD' ? await headOf(request, url, headers) : await request({ method, url, headers });

      assert.equal(answer.statusCode, 403, `${method} ${url}`);
      assert.equal(
        answer.headers['www-authenticate'],
        `Bearer realm="orders", error="insufficient_scope", error_description="The token lacks the scope ${missing}", scope="${missing}"`,
      );
      if (method !== 'HEAD') assert.equal(answer.json().type, 'urn:order-service:problem:forbidden');
    }
  }
});

test('with a token, X-User-Id is refused by name', async (t) => {
  const issuer = await createIssuer(t);
  const { post, rowCounts } = await openApp(t, { auth: issuer.auth });
  const token = await issuer.sign({ scope: 'orders:write', customer_id: 'cust-123' });

  for (const user of ['mallory', 'developer']) {
    const answer = await post(tutorialOrder(), { ...bearer(token), 'x-user-id': user });

    assert.equal(answer.statusCode, 400);
    assert.match(answer.json().detail, /x-user-id is not taken/);
  }
  assert.deepEqual(await rowCounts(), [0, 0, 0]);
});

test('health, documents, and what an address takes need no token', async (t) => {
  const issuer = await createIssuer(t);
  const { request } = await openApp(t, { auth: issuer.auth });

  for (const url of ['/health/live', '/health/ready', '/openapi.json', '/docs/']) {
    assert.equal((await request({ url })).statusCode, 200, url);
  }
  assert.equal((await request({ method: 'OPTIONS', url: '/api/orders' })).statusCode, 204);
  assert.equal((await request({ method: 'DELETE', url: '/api/orders' })).statusCode, 405);
  assert.equal((await request({ url: '/api/nowhere' })).statusCode, 404);
});

test('while the issuer is away a token is a 503 and not a 401, and is not let through', async (t) => {
  const { auth, open } = await absentIssuer(t);
  const { request, post, rowCounts } = await openApp(t, { auth });
  const issuer = await open();
  const token = await issuer.sign({ scope: 'orders:write', customer_id: 'cust-123' });
  await issuer.close();

  const answer = await post(tutorialOrder(), bearer(token));

  assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '2']);
  assert.equal(answer.json().type, 'urn:order-service:problem:issuer-unavailable');
  assert.equal(answer.headers['www-authenticate'], undefined);
  assert.equal((await request({ url: '/health/ready' })).statusCode, 200);
  assert.equal((await request({ url: '/api/orders' })).statusCode, 401);
  assert.deepEqual(await rowCounts(), [0, 0, 0]);
});

test('the document names the scope of each operation, as something to leave out where tokens are not asked for', async (t) => {
  const issuer = await createIssuer(t);
  const closed = (await (await openApp(t, { auth: issuer.auth })).request({ url: '/openapi.json' })).json();
  const open = (await (await openApp(t)).request({ url: '/openapi.json' })).json();

  for (const [method, url, scope] of REQUESTS.filter(([verb]) => verb !== 'HEAD')) {
    const path = url.replace(ORDER, '{orderId}');
    const operationIn = (document: typeof open) => document.paths[path][method.toLowerCase()];
    assert.deepEqual(operationIn(closed).security, [{ bearer: [] }]);
    assert.deepEqual(operationIn(open).security, [{}, { bearer: [] }]);
    for (const document of [closed, open]) assert.equal(operationIn(document)['x-required-scope'], scope);
  }
  assert.equal(closed.components.securitySchemes.bearer.scheme, 'bearer');
  assert.deepEqual(closed.paths['/health/live'].get.security, []);
});

test('a route that does not say who may does not start', async () => {
  const app = fastify();
  app.addHook('onRoute', documentAccess(false));

  assert.throws(
    () => app.get('/api/secrets', () => 'open'),
    /GET \/api\/secrets has to say in config.access/,
  );
  app.get('/api/news', { config: { access: 'open' } }, () => 'open');
  await app.close();
});

/** Of a HEAD, the document says nothing. */
const headOf = (
  request: Awaited<ReturnType<typeof openApp>>['request'],
  url: string,
  headers: Record<string, string>,
) => request({ method: 'HEAD', url, headers });
