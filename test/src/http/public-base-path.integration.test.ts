import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';

test('behind a path of a proxy, everything that names an address has the path', async (t) => {
  const { request, post } = await openApp(t, { edge: { publicBasePath: '/shop' } });

  const created = await post(tutorialOrder());
  await post(tutorialOrder());
  const list = await request({ url: '/api/orders?limit=1' });
  const document = (await request({ url: '/openapi.json' })).json();
  const page = await request({ url: '/docs' });

  assert.equal(created.headers.location, `/shop/api/orders/${created.json().orderId}`);
  assert.match(String(list.headers.link), /^<\/shop\/api\/orders\?limit=1&cursor=[^>]+>; rel="next"$/);
  assert.deepEqual(
    document.servers.map(({ url }: { url: string }) => url),
    ['/shop'],
  );
  assert.ok(document.paths['/api/orders'], 'its paths are below that of the server');
  const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => String(link));
  assert.ok(links.length > 3);
  for (const link of links) {
    assert.ok(link.startsWith('/shop/docs/static/'), link);
    assert.equal((await request({ url: link.slice('/shop'.length) })).statusCode, 200, link);
  }
});
