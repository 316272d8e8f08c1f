import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openEdge } from '../../support/edge-app.ts';

test('an answer of data may be run, framed and guessed at by nobody, whatever its status', async (t) => {
  const app = await openEdge(t);

  for (const url of ['/api/orders/x', '/nowhere', '/health/live', '/openapi.json']) {
    const { headers } = await app.inject({ url });
    assert.equal(headers['x-content-type-options'], 'nosniff', url);
    assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'", url);
    assert.equal(headers['referrer-policy'], 'no-referrer', url);
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin', url);
  }
});

test('the page of the documents may load its own files alone, and run no script that is written into it', async (t) => {
  const app = await openEdge(t);

  const page = await app.inject({ url: '/docs/' });

  const policy = new Map(
    String(page.headers['content-security-policy'])
      .split(';')
      .map((directive) => directive.trim().split(' '))
      .map(([name, ...sources]) => [name, sources.join(' ')]),
  );
  assert.equal(policy.get('default-src'), "'none'");
  assert.equal(policy.get('script-src'), "'self'");
  assert.equal(policy.get('connect-src'), "'self'");
  assert.equal(policy.get('frame-ancestors'), "'none'");
  assert.ok(!policy.has('upgrade-insecure-requests'), 'it has to work without TLS too');
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  const scripts = [...page.body.matchAll(/<script([^>]*)>([^<]*)</g)];
  assert.ok(scripts.length > 1);
  for (const [, attributes, text] of scripts) {
    assert.match(String(attributes), / src="\.\/static\//);
    assert.equal(text?.trim(), '');
  }
});
