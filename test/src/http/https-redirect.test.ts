import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InjectOptions } from 'fastify';
import { openEdge } from '../../support/edge-app.ts';

const PROXY = '10.0.0.1';
const edge = { httpsRedirect: true, trustProxy: [PROXY] };

test('a reader who comes without TLS is sent to the same address with it', async (t) => {
  const app = await openEdge(t, { ...edge, publicBasePath: '/shop' });
  const cases: [options: InjectOptions, location: string][] = [
    [
      { url: '/api/orders?limit=1', headers: { host: 'a.example.com' } },
      'https://a.example.com/shop/api/orders?limit=1',
    ],
    [{ url: '/docs', headers: { host: 'a.example.com:5000' } }, 'https://a.example.com/shop/docs'],
    [{ url: '/x', headers: { host: '[2001:db8::1]:80' } }, 'https://[2001:db8::1]/shop/x'],
    [
      {
        url: '/x',
        remoteAddress: PROXY,
        headers: { host: 'inner', 'x-forwarded-host': 'a.example.com', 'x-forwarded-proto': 'http' },
      },
      'https://a.example.com/shop/x',
    ],
  ];

  for (const [options, location] of cases) {
    for (const method of ['GET', 'HEAD'] as const) {
      const answer = await app.inject({ ...options, method });
      assert.deepEqual([answer.statusCode, answer.headers.location], [308, location]);
      assert.equal(answer.headers['strict-transport-security'], undefined, 'it would not count without TLS');
    }
  }
});

test('whoever else comes without TLS is refused, and so is a host that is none', async (t) => {
  const app = await openEdge(t, edge);
  const cases: InjectOptions[] = [
    { method: 'POST', url: '/api/orders', payload: {} },
    { method: 'DELETE', url: '/nowhere' },
    { url: '/api/orders', headers: { host: 'a@evil.example.com' } },
    { url: '/api/orders', headers: { host: 'evil.example.com/x' } },
    { method: 'POST', url: '/api/orders', payload: {}, headers: { 'x-forwarded-proto': 'https' } },
  ];

  for (const options of cases) {
    const answer = await app.inject(options);
    assert.equal(answer.statusCode, 403, JSON.stringify(options));
    assert.equal(answer.json().type, 'urn:order-service:problem:https-required');
    assert.equal(answer.headers.location, undefined);
  }
});

test('what came over TLS to a trusted proxy is served, with HSTS; probes come without', async (t) => {
  const app = await openEdge(t, edge);

  const headers = { 'x-forwarded-proto': 'https' };
  const served = await app.inject({ url: '/openapi.json', remoteAddress: PROXY, headers });
  const probe = await app.inject({ url: '/health/live' });

  assert.equal(served.statusCode, 200);
  assert.match(String(served.headers['strict-transport-security']), /^max-age=\d{8}$/);
  assert.equal(probe.statusCode, 200);
});
