import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENT_CATALOGUE } from '../../../../src/messages/event-catalogue.ts';
import { openEdge } from '../../../support/edge-app.ts';

test('the contract of the events is served as AsyncAPI, as a page, and as a schema of each event', async (t) => {
  const app = await openEdge(t);

  const asyncApi = await app.inject('/asyncapi.json');
  const page = await app.inject('/docs/events');
  const schema = await app.inject('/schemas/OrderCreated/1');

  assert.equal(asyncApi.json().asyncapi, '3.1.0');
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(schema.headers['content-type'], 'application/schema+json; charset=utf-8');
  assert.equal(schema.json().$schema, 'https://json-schema.org/draft/2020-12/schema');
  assert.equal(schema.json().$id, 'urn:order-service:schema:OrderCreated:1');
  assert.equal(schema.json().properties.totalAmount.type, 'number');
});

test('the page names every event, every member and every property, and its links lead somewhere', async (t) => {
  const app = await openEdge(t);

  const { body } = await app.inject('/docs/events');

  for (const { type } of EVENT_CATALOGUE) assert.ok(body.includes(`>${type}</h3>`), type);
  for (const name of ['items[].lineTotal', 'shippingAddress.zipCode', 'sessionId', 'aggregateVersion'])
    assert.ok(body.includes(`<td><code>${name}</code></td>`), name);
  assert.doesNotMatch(body, /<script|undefined/);
  const links = [...body.matchAll(/href="([^"]+)"/g)].map(([, link]) => String(link));
  assert.ok(links.length > EVENT_CATALOGUE.length);
  for (const link of links) assert.equal((await app.inject(link)).statusCode, 200, link);
});

test('a client that has a document is told so', async (t) => {
  const app = await openEdge(t);

  for (const url of ['/asyncapi.json', '/docs/events', '/schemas/OrderCreated/1']) {
    const { headers } = await app.inject(url);
    const tag = String(headers.etag);
    const again = await app.inject({ url, headers: { 'if-none-match': `"other", ${tag}` } });
    const other = await app.inject({ url, headers: { 'if-none-match': '"other"' } });

    assert.equal(headers['cache-control'], 'public, max-age=300');
    assert.deepEqual([again.statusCode, again.body, again.headers.etag], [304, '', tag]);
    assert.equal(other.statusCode, 200);
  }
});

test('a version of an event that there is none of is a 404', async (t) => {
  const app = await openEdge(t);

  for (const url of ['/schemas/OrderCreated/9', '/schemas/Nothing/1', '/schemas/constructor/1']) {
    const { statusCode, headers } = await app.inject(url);
    assert.deepEqual([statusCode, headers['content-type']], [404, 'application/problem+json']);
  }
});

test('behind a path of a proxy, the links of the page have the path', async (t) => {
  const app = await openEdge(t, { publicBasePath: '/shop' });

  const { body } = await app.inject('/docs/events');

  assert.ok(body.includes('href="/shop/schemas/OrderCreated/1"'));
  assert.ok(body.includes('href="/shop/asyncapi.json"'));
});
