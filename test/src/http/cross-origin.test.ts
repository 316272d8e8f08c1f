import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { openEdge } from '../../support/edge-app.ts';

const SHOP = 'https://shop.example.com';
const PREFLIGHT = {
  origin: SHOP,
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'content-type,idempotency-key',
};

test('without origins no page of another site may read anything', async (t) => {
  const app = await openEdge(t);
  const ask = askOf(app);

  const preflight = await app.inject({ method: 'OPTIONS', url: '/api/orders', headers: PREFLIGHT });
  const answer = await ask({ origin: SHOP });

  for (const { headers } of [preflight, answer])
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith('access-control-')),
      [],
    );
});

test('a page of a listed origin may ask, and read what its next request needs; a page of another may not', async (t) => {
  const app = await openEdge(t, { corsOrigins: [SHOP, 'http://localhost:3000'] });
  const ask = askOf(app);

  const preflight = await app.inject({ method: 'OPTIONS', url: '/api/orders', headers: PREFLIGHT });
  const answer = await ask({ origin: SHOP });
  const refused = await ask({ origin: SHOP, 'x-correlation-id': 'a b' });
  const other = await ask({ origin: 'https://evil.example.com' });

  assert.equal(preflight.statusCode, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], SHOP);
  assert.match(String(preflight.headers['access-control-allow-methods']), /POST/);
  assert.equal(preflight.headers['access-control-allow-headers'], 'content-type,idempotency-key');
  assert.equal(answer.headers['access-control-allow-origin'], SHOP);
  assert.equal(answer.headers['access-control-allow-credentials'], undefined);
  const exposed = String(answer.headers['access-control-expose-headers']).split(', ');
  for (const name of ['ETag', 'Location', 'Link', 'Retry-After', 'X-Correlation-Id', 'RateLimit'])
    assert.ok(exposed.includes(name), name);
  assert.deepEqual([refused.statusCode, refused.headers['access-control-allow-origin']], [400, SHOP]);
  assert.equal(other.headers['access-control-allow-origin'], undefined);
  assert.match(String(other.headers['vary']), /Origin/i, 'a cache keeps the two apart');
});

test('an OPTIONS that is no preflight goes on telling the methods, and an address that is not there is a 404', async (t) => {
  const app = await openEdge(t, { corsOrigins: [SHOP] });

  const options = await app.inject({ method: 'OPTIONS', url: '/api/orders' });
  const nowhere = await app.inject({ method: 'OPTIONS', url: '/nowhere' });

  assert.deepEqual([options.statusCode, options.headers.allow], [204, 'GET, HEAD, OPTIONS, POST']);
  assert.equal(nowhere.statusCode, 404);
});

/** An address that is answered without a database. */
const askOf = (app: FastifyInstance) => (headers: Record<string, string>) =>
  app.inject({ url: '/api/orders/x', headers });
