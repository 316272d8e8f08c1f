import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';

const TWO_AN_HOUR = { requests: 2, windowSeconds: 3_600 };

test('who asks too often is refused with the time to wait, and nothing is done; each answer says what is left', async (t) => {
  const { post, rowCounts } = await openApp(t, { edge: { rateLimit: TWO_AN_HOUR } });

  const answers = [await post(tutorialOrder()), await post(tutorialOrder()), await post(tutorialOrder())];

  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [201, 201, 429],
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
  assert.deepEqual(await rowCounts(), [2, 4, 2]);
});

test('callers are counted apart: by address, of IPv6 by network', async (t) => {
  const { app } = await openApp(t, { edge: { rateLimit: { ...TWO_AN_HOUR, requests: 1 } } });
  const statusFor = async (remoteAddress: string) =>
    (await app.inject({ url: '/api/orders', remoteAddress })).statusCode;

  assert.equal(await statusFor('192.0.2.1'), 200);
  assert.equal(await statusFor('192.0.2.1'), 429);
  assert.equal(await statusFor('192.0.2.2'), 200);
  assert.equal(await statusFor('2001:db8:1:1::1'), 200);
  assert.equal(await statusFor('2001:db8:1:1::2'), 429, 'the same household');
  assert.equal(await statusFor('2001:db8:1:2::1'), 200);
});

test('behind a trusted proxy the client is counted; from anybody else X-Forwarded-For says nothing', async (t) => {
  const rateLimit = { ...TWO_AN_HOUR, requests: 1 };
  const { app } = await openApp(t, { edge: { rateLimit, trustProxy: ['10.0.0.0/8'] } });
  const statusFor = async (remoteAddress: string, client: string) => {
    const headers = { 'x-forwarded-for': client };
    return (await app.inject({ url: '/api/orders', remoteAddress, headers })).statusCode;
  };

  assert.equal(await statusFor('10.0.0.1', '192.0.2.1'), 200);
  assert.equal(await statusFor('10.0.0.2', '192.0.2.1'), 429);
  assert.equal(await statusFor('10.0.0.1', '192.0.2.2'), 200);
  assert.equal(await statusFor('198.51.100.1', '192.0.2.8'), 200);
  assert.equal(await statusFor('198.51.100.1', '192.0.2.9'), 429, 'it cannot choose its address');
});

test('addresses that are not there count, probes do not, and without a limit nobody is told of one', async (t) => {
  const limited = await openApp(t, { edge: { rateLimit: { ...TWO_AN_HOUR, requests: 1 } } });
  const free = await openApp(t);
  const statusOf = async (url: string) => (await limited.app.inject({ url })).statusCode;

  for (let n = 0; n < 5; n++) assert.equal(await statusOf('/health/live'), 200);
  assert.equal(await statusOf('/nowhere'), 404);
  assert.equal(await statusOf('/nowhere'), 429);
  assert.equal(await statusOf('/health/ready'), 200);
  const { headers } = await free.request({ url: '/api/orders' });
  assert.deepEqual([headers['ratelimit'], headers['ratelimit-policy']], [undefined, undefined]);
});
