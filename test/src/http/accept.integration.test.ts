import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';

const admitted = [
  undefined,
  '',
  '*/*',
  'application/json',
  'APPLICATION/JSON',
  'application/problem+json',
  'application/*',
  'application/json; charset=utf-8',
  'application/json; CHARSET=UTF-8',
  'application/json;q=0.1',
  'text/html, application/json',
  'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'application/json;q=0, */*',
  'text/html;q=1.0 , */* ; q=0.1',
];
const refused = [
  'text/html',
  'application/xml',
  'text/*',
  'application/json;q=0',
  'application/json; Q=0.0, application/problem+json;q=0.000',
  '*/*;q=0',
  'application/*;q=0, */*',
  'application/jsonp',
  'application/json;version=1', // what is answered has no version
  'json',
  ',',
];

test('an Accept header is read with its weights, the most specific range first', async (t) => {
  const { request } = await openApp(t);
  const url = `/api/orders/${'0'.repeat(32)}`;
  const statusFor = async (accept: string | undefined) =>
    (await request({ url, headers: accept === undefined ? {} : { accept } })).statusCode;

  for (const accept of admitted) assert.equal(await statusFor(accept), 404, accept);
  for (const accept of refused) assert.equal(await statusFor(accept), 406, accept);
});

test('whom JSON is no use gets a 406, and nothing is done', async (t) => {
  const { post, request, rowCounts } = await openApp(t);

  for (const accept of refused) {
    const response = await post(tutorialOrder(), { accept });
    assert.equal(response.statusCode, 406, accept);
    assert.equal(response.headers['content-type'], 'application/problem+json');
    assert.equal(response.json().type, 'urn:order-service:problem:not-acceptable');
  }
  assert.deepEqual(await rowCounts(), [0, 0, 0]);
  const wrongMethod = { url: '/api/orders', method: 'DELETE', headers: { accept: 'text/html' } } as const;
  assert.equal((await request(wrongMethod)).statusCode, 406);
  const order = { url: `/api/orders/${'0'.repeat(32)}`, headers: { accept: 'text/html' } };
  assert.equal((await request(order)).statusCode, 406);
  assert.equal(
    (await request({ ...order, url: '/health/live' })).statusCode,
    200,
    'a probe is always answered',
  );
  assert.equal((await request({ ...order, url: '/docs/' })).statusCode, 200, 'a page is for browsers');
});

test('who takes JSON among others is served', async (t) => {
  const { post } = await openApp(t);

  for (const accept of admitted.filter((one) => one !== undefined)) {
    assert.equal((await post(tutorialOrder(), { accept })).statusCode, 201, accept);
  }
});
