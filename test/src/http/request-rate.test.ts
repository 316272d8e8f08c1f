import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEdge } from '../../support/edge-app.ts';

/** An address that is answered without a database. */
const ADDRESS = '/api/orders/x';
const TWO_AN_HOUR = { requests: 2, windowSeconds: 3_600 };

test('who asks too often is refused with the time to wait, before a route is; each answer says what is left', async (t) => {
  const app = await openEdge(t, { rateLimit: TWO_AN_HOUR });

  const answers = [];
  for (let n = 0; n < 3; n++) answers.push(await app.inject({ url: ADDRESS }));

  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [404, 404, 429],
  );
  for (const [n, { headers }] of answers.entries()) {
    assert.equal(headers['ratelimit-policy'], '"default";q=2;w=3600');
    assert.match(String(headers['ratelimit']), new RegExp(`^"default";r=${[1, 0, 0][n]};t=\\d+$`));
  }
  const refused = answers[2];
  assert.equal(refused?.json().type, 'urn:order-service:problem:rate-limited');
  const [, left] = /;t=(\d+)$/.exec(String(refused?.headers['ratelimit'])) ?? [];
  assert.equal(refused?.headers['retry-after'], left);
  assert.ok(Number(left) > 0 && Number(left) <= 3_600);
});

test('callers are counted apart: by address, of IPv6 by network', async (t) => {
  const app = await openEdge(t, { rateLimit: { ...TWO_AN_HOUR, requests: 1 } });
  const statusFor = async (remoteAddress: string) =>
    (await app.inject({ url: ADDRESS, remoteAddress })).statusCode;

  assert.equal(await statusFor('192.0.2.1'), 404);
  assert.equal(await statusFor('192.0.2.1'), 429);
  assert.equal(await statusFor('192.0.2.2'), 404);
  assert.equal(await statusFor('2001:db8:1:1::1'), 404);
  assert.equal(await statusFor('2001:db8:1:1::2'), 429, 'the same household');
  assert.equal(await statusFor('2001:db8:1:2::1'), 404);
});

test('behind a trusted proxy the client is counted; from anybody else X-Forwarded-For says nothing', async (t) => {
  const rateLimit = { ...TWO_AN_HOUR, requests: 1 };
  const app = await openEdge(t, { rateLimit, trustProxy: ['10.0.0.0/8'] });
  const statusFor = async (remoteAddress: string, client: string) => {
    const headers = { 'x-forwarded-for': client };
    return (await app.inject({ url: ADDRESS, remoteAddress, headers })).statusCode;
  };

  assert.equal(await statusFor('10.0.0.1', '192.0.2.1'), 404);
  assert.equal(await statusFor('10.0.0.2', '192.0.2.1'), 429);
  assert.equal(await statusFor('10.0.0.1', '192.0.2.2'), 404);
  assert.equal(await statusFor('198.51.100.1', '192.0.2.8'), 404);
  assert.equal(await statusFor('198.51.100.1', '192.0.2.9'), 429, 'it cannot choose its address');
});

test('addresses that are not there count, probes do not, and without a limit nobody is told of one', async (t) => {
  const limited = await openEdge(t, { rateLimit: { ...TWO_AN_HOUR, requests: 1 } });
  const free = await openEdge(t);
  const statusOf = async (url: string) => (await limited.inject({ url })).statusCode;

  for (let n = 0; n < 5; n++) assert.equal(await statusOf('/health/live'), 200);
  assert.equal(await statusOf('/nowhere'), 404);
  assert.equal(await statusOf('/nowhere'), 429);
  assert.equal(await statusOf('/health/live'), 200);
  const { headers } = await free.inject({ url: ADDRESS });
  assert.deepEqual([headers['ratelimit'], headers['ratelimit-policy']], [undefined, undefined]);
});
