import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROBLEM_TABLE } from '../../../src/http/problem-table.ts';
import { openApp } from '../../support/app.ts';

test('the type of a problem can be looked up where its Link header leads', async (t) => {
  const { request } = await openApp(t);

  const refused = await request({ url: '/api/orders/nope' });
  const [, page = '', relation] = /^<(.+)>; rel="(.+)"$/.exec(String(refused.headers['link'])) ?? [];
  const explained = await request({ url: page });

  assert.equal(relation, 'describedby');
  assert.equal(page, '/problems/order-not-found');
  assert.deepEqual(explained.json(), {
    name: 'order-not-found',
    type: refused.json().type,
    status: 404,
    title: 'Not Found',
    when: 'there is no such order',
    whatToDo: 'check the id',
  });
});

test('a problem that its status says all about leads nowhere', async (t) => {
  const { post } = await openApp(t);

  const refused = await post('no json');

  assert.equal(refused.json().type, 'about:blank');
  assert.equal(refused.headers['link'], undefined);
});

test('a browser gets pages: one of each type, and one of all', async (t) => {
  const { request } = await openApp(t);
  const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

  const one = await request({ url: '/problems/not-acceptable', headers: { accept } });
  const all = await request({ url: '/problems', headers: { accept } });

  for (const { headers } of [one, all]) {
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    assert.match(String(headers['vary']), /\baccept\b/i);
  }
  assert.match(one.body, /<code>urn:order-service:problem:not-acceptable<\/code>/);
  assert.match(one.body, /<dd>accept <code>application\/json<\/code><\/dd>/);
  for (const code of Object.keys(PROBLEM_TABLE)) {
    const name = code.toLowerCase().replaceAll('_', '-');
    assert.ok(all.body.includes(`<h2 id="${name}">`), name);
  }
});

test('every type is listed', async (t) => {
  const { request } = await openApp(t);

  const { items } = (await request({ url: '/problems' })).json();

  assert.deepEqual(
    items.map(({ type }: { type: string }) => type.split(':').at(-1)),
    Object.keys(PROBLEM_TABLE).map((code) => code.toLowerCase().replaceAll('_', '-')),
  );
});

test('a name that no type has is not there', async (t) => {
  const { request } = await openApp(t);

  assert.equal((await request({ url: '/problems/nope' })).statusCode, 404);
});
