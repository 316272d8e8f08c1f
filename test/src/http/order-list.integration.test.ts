import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { InjectOptions } from 'fastify';
import { openApp, type TestApp } from '../../support/app.ts';
import { insertManyOrders } from '../../support/many-orders.ts';
import { tutorialOrder } from '../../support/orders.ts';

interface List {
  readonly items: { orderId: string; customerId: string; status: string; createdAt: string }[];
  readonly next?: string;
}

test('orders are listed newest first, each as it is read alone but for its history', async (t) => {
  const { post, cancel, request } = await openApp(t);
  const ids = [];
  for (let n = 0; n < 3; n++) ids.unshift((await post(tutorialOrder())).json().orderId);
  await cancel(ids[1]);

  const answer = await request({ url: '/api/orders' });

  const alone = await Promise.all(ids.map((id) => request({ url: `/api/orders/${id}` })));
  assert.equal(answer.statusCode, 200);
  const items = alone.map((read) => ({ ...read.json(), history: undefined }));
  assert.equal(answer.body, JSON.stringify({ items }));
  assert.equal(answer.headers['cache-control'], 'private, no-cache');
  assert.equal(answer.headers.link, undefined);
});

test('pages join without a gap, by cursor or by Link, also where many orders have one instant', async (t) => {
  const app = await openApp(t);
  await insertManyOrders(app.db, 250);
  await app.db.query("UPDATE orders SET created_at = '2024-12-12T10:30:00.123Z' WHERE random() < 0.5");
  const { rows } = await app.db.query('SELECT order_id FROM orders ORDER BY created_at DESC, order_id DESC');
  const all = rows.map((row) => row.order_id);

  for (const limit of [1, 7, 50, 100]) {
    const pages = await readAll(app, `limit=${limit}`);
    assert.deepEqual(
      pages.flatMap(({ items }) => items.map(({ orderId }) => orderId)),
      all,
    );
    assert.deepEqual(
      pages.slice(0, -1).filter(({ items }) => items.length !== limit),
      [],
    );
  }
  const first = await app.request({
    url: '/api/orders?limit=7&customerId=large&createdBefore=2999-01-01T00:00:00%2B02:00',
  });
  const [, next = ''] = /^<(.+)>; rel="next"$/.exec(String(first.headers.link)) ?? [];
  const second = await app.request({ url: next });
  assert.equal(second.statusCode, 200, next);
  const large = [...first.json().items, ...second.json().items];
  assert.deepEqual(
    large.map(({ orderId }) => orderId),
    (
      await app.db.query(
        "SELECT order_id FROM orders WHERE customer_id = 'large' ORDER BY created_at DESC, order_id DESC LIMIT 14",
      )
    ).rows.map((row) => row.order_id),
  );
  assert.equal((await app.request({ url: '/api/orders' })).json().items.length, 20);
});

test('nothing that was there is skipped or doubled while orders are written and cancelled', async (t) => {
  const app = await openApp(t);
  await insertManyOrders(app.db, 500);
  const there = new Set((await app.db.query('SELECT order_id FROM orders')).rows.map((row) => row.order_id));
  let done = false;
  const writers = Array.from({ length: 2 }, async () => {
    while (!done) {
      const { orderId } = (await app.post(tutorialOrder())).json();
      await app.cancel(orderId);
    }
  });

  const pages = await readAll(app, 'limit=10');
  done = true;
  await Promise.all(writers);

  const seen = pages.flatMap(({ items }) => items.map(({ orderId }) => orderId));
  assert.equal(new Set(seen).size, seen.length);
  assert.deepEqual(new Set(seen.filter((id) => there.has(id))), there);
});

test('each filter keeps what it names, and all of them together', async (t) => {
  const app = await openApp(t);
  await insertManyOrders(app.db, 300);
  const { rows } = await app.db.query<{ at: Date }>(
    'SELECT created_at AS at FROM orders ORDER BY created_at OFFSET 100 LIMIT 1',
  );
  const at = rows[0]?.at ?? new Date();
  const time = encodeURIComponent(at.toISOString());
  const cases: [query: string, where: string][] = [
    ['customerId=large', "customer_id = 'large'"],
    ['customerId=nobody', 'false'],
    ['status=Cancelled', "status = 'Cancelled'"],
    [`createdAfter=${time}`, 'created_at > $1'],
    [`createdBefore=${time}`, 'created_at < $1'],
    [
      `customerId=large&status=Pending&createdAfter=${time}`,
      "customer_id = 'large' AND status = 'Pending' AND created_at > $1",
    ],
    [`createdAfter=${time}&createdBefore=${time}`, 'false'],
  ];

  for (const [query, where] of cases) {
    const pages = await readAll(app, `limit=100&${query}`);
    const expected = await app.db.query(
      `SELECT order_id FROM orders WHERE (${where}) AND $1::timestamptz IS NOT NULL
       ORDER BY created_at DESC, order_id DESC`,
      [at],
    );
    assert.deepEqual(
      pages.flatMap(({ items }) => items.map(({ orderId }) => orderId)),
      expected.rows.map((row) => row.order_id),
      query,
    );
  }
});

test('a wrong or unknown parameter is a 400 that names it', async (t) => {
  const { request } = await openApp(t);
  const cursor = (text: string) => `cursor=${Buffer.from(text).toString('base64url')}`;
  const cases: [query: string, named: string][] = [
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1e1', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=%205', 'limit'],
    ['limit=05', 'limit'],
    ['limit=5.0', 'limit'],
    ['limit=true', 'limit'],
    ['customerId=a&customerId=b', 'customerId'],
    [`${'x'.repeat(101)}=1`, 'a'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['page=2', 'page'],
    ['__proto__=1', '__proto__'],
    ['toString=1', 'toString'],
    ['Limit=1', 'Limit'],
    ['customerId=', 'customerId'],
    ['customerId=a%00b', 'customerId'],
    [`customerId=${'x'.repeat(129)}`, 'customerId'],
    ['status=%20', 'status'],
    ['status=pending', 'status'],
    ['createdAfter=yesterday', 'createdAfter'],
    ['createdAfter=2024-12-12', 'createdAfter'],
    ['createdAfter=2024-12-12T10:30:00', 'createdAfter'],
    ['createdBefore=2024-02-30T10:30:00Z', 'createdBefore'],
    ['createdBefore=2024-02-31T10:30:00Z', 'createdBefore'],
    ['createdBefore=2024-12-12 10:30:00Z', 'createdBefore'],
    ['createdBefore=2024-12-12T10:30:00%2B0200', 'createdBefore'],
    ['createdBefore=2024-12-12T25:30:00Z', 'createdBefore'],
    ['createdBefore=0000-12-12T10:30:00Z', 'createdBefore'],
    ['createdBefore=0001-01-01T00:00:00%2B14:00', 'createdBefore'],
    ['cursor=', 'cursor'],
    ['cursor=nonsense', 'cursor'],
    ['cursor=%00', 'cursor'],
    [cursor('1733999400000'), 'cursor'],
    [cursor('1733999400000.a\u0000b'), 'cursor'],
    [cursor('999999999999999.a'), 'cursor'],
    [cursor('-999999999999999.a'), 'cursor'],
    [cursor('01733999400000.a'), 'cursor'],
    [`${cursor('1733999400000.a')}=`, 'cursor'],
  ];

  for (const [query, named] of cases) {
    const answer = await request({ url: `/api/orders?${query}` });
    const { type, errors } = answer.json();
    assert.deepEqual([answer.statusCode, type], [400, 'urn:order-service:problem:request-invalid'], query);
    assert.deepEqual(
      errors.map(({ pointer, detail }: Record<string, string>) => [pointer, detail?.split(' ')[0]]),
      [['', named]],
      query,
    );
  }
  const both = await request({ url: '/api/orders?page=2&limit=0' });
  assert.equal(both.json().errors.length, 2);
});

test('a "+" in an instant may be sent as it is, though a URL makes a space of it', async (t) => {
  const { request } = await openApp(t);

  const answer = await request({ url: '/api/orders?createdBefore=2999-01-01T00:00:00+02:00' });

  assert.equal(answer.statusCode, 200, answer.body);
});

/** Every page, from the first to the one without `next`. */
async function readAll({ request }: TestApp, query: string): Promise<List[]> {
  const pages: List[] = [];
  for (let cursor = ''; ; ) {
    const answer = await request({ url: `/api/orders?${query}${cursor}` });
    assert.equal(answer.statusCode, 200, answer.body);
    const page = answer.json<List>();
    pages.push(page);
    if (!page.next) return pages;
    cursor = `&cursor=${page.next}`;
  }
}

test('a page is bounded in bytes and in items, and the next one goes on where it ended', async (t) => {
  const app = await openApp(t);
  const items = Array.from({ length: 100 }, () => ({
    productId: 'p'.repeat(128),
    quantity: 1,
    unitPrice: 1,
  }));
  const large = { ...tutorialOrder(), items };
  for (let n = 0; n < 60; n++) await app.post(n % 2 === 0 ? large : tutorialOrder());
  const { rows } = await app.db.query('SELECT order_id FROM orders ORDER BY created_at DESC, order_id DESC');

  const pages = await readAll(app, 'limit=100');

  assert.ok(pages.length > 1);
  for (const page of pages) assert.ok(JSON.stringify(page).length <= 1024 * 1024 + 100);
  assert.deepEqual(
    pages.flatMap(({ items: orders }) => orders.map(({ orderId }) => orderId)),
    rows.map(({ order_id }) => order_id),
  );
});

test('an order that is larger than a page by itself is a page', async (t) => {
  const app = await openApp(t);
  const ids = [];
  for (let n = 0; n < 3; n++) ids.unshift((await app.post(tutorialOrder())).json().orderId);
  await app.db.query(
    `INSERT INTO order_items (order_item_id, order_id, line_number, product_id, quantity, unit_price, line_total)
     SELECT 'more-' || n, $1, n, repeat('p', 200), 1, 1, 1 FROM generate_series(3, 5000) AS n`,
    [ids[1]],
  );

  // Past the documents: no order of this api has more than 100 items.
  const request = (options: InjectOptions) => app.app.inject(options);
  const pages = await readAll({ ...app, request }, 'limit=100');

  assert.deepEqual(
    pages.map(({ items }) => items.map(({ orderId }) => orderId)),
    ids.map((id) => [id]),
  );
});

test('while eight large pages are read at once, others are answered', async (t) => {
  const app = await openApp(t, { poolOptions: { max: 8 } });
  const items = Array.from({ length: 100 }, () => ({
    productId: 'p'.repeat(128),
    quantity: 1,
    unitPrice: 1,
  }));
  for (let n = 0; n < 40; n++) await app.post({ ...tutorialOrder(), items });

  let done = false;
  const pages = Promise.all(Array.from({ length: 8 }, () => app.app.inject('/api/orders?limit=100')));
  void pages.then(() => (done = true));
  let answers = 0;
  while (!done) {
    assert.equal((await app.app.inject('/health/live')).statusCode, 200);
    answers++;
    await turn();
  }

  for (const { statusCode, body } of await pages) {
    assert.equal(statusCode, 200);
    assert.ok(body.length <= 1024 * 1024 + 100);
  }
  assert.ok(answers > 8, `${answers} answers meanwhile: one for each page and more`);
});
