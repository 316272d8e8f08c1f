import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../../support/app.ts';

test('an answer of data may be run, framed and guessed at by nobody, whatever its status', async (t) => {
  const { request } = await openApp(t);

  for (const url of ['/api/orders', '/api/orders/x', '/nowhere', '/health/live', '/openapi.json']) {
    const { headers } = await request({ url });
    assert.equal(headers['x-content-type-options'], 'nosniff', url);
    assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'", url);
    assert.equal(headers['referrer-policy'], 'no-referrer', url);
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin', url);
  }
});

test('the page of the documents may load its own files alone, and run no script that is written into it', async (t) => {
  const { request } = await openApp(t);

  const page = await request({ url: '/docs/' });

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

test('behind a path of a proxy, everything that names an address has the path', async (t) => {
  const { request, post } = await openApp(t, { edge: { publicBasePath: '/shop' } });
  const order = { customerId: 'c', items: [{ productId: 'p', quantity: 1, unitPrice: 1 }] };
  const shippingAddress = { street: 's', city: 'c', state: 's', zipCode: 'z', country: 'c' };

  const created = await post({ ...order, shippingAddress });
  await post({ ...order, shippingAddress });
  const list = await request({ url: '/api/orders?limit=1' });
  const document = (await request({ url: '/openapi.json' })).json();
  const page = await request({ url: '/docs' });

  assert.equal(created.headers.location, `/shop/api/orders/${created.json().orderId}`);
  assert.match(String(list.headers.link), /^<\/shop\/api\/orders\?limit=1&cursor=[^>]+>; rel="next"$/);
  assert.deepEqual(document.servers, [{ url: '/shop' }]);
  assert.ok(document.paths['/api/orders'], 'its paths are below that of the server');
  const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => String(link));
  assert.ok(links.length > 3);
  for (const link of links) {
    assert.ok(link.startsWith('/shop/docs/static/'), link);
    assert.equal((await request({ url: link.slice('/shop'.length) })).statusCode, 200, link);
  }
});
