import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LogLine, openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { until } from '../../support/until.ts';

test("the tutorial's order gets the tutorial's answer, and what the next request needs", async (t) => {
  const { post } = await openApp(t);

  const response = await post(tutorialOrder());

  const { orderId, createdAt, updatedAt, ...rest } = response.json();
  assert.equal(response.statusCode, 201);
  assert.equal(response.headers.location, `/api/orders/${orderId}`);
  assert.equal(response.headers.etag, '"1"');
  assert.equal(updatedAt, createdAt);
  assert.match(orderId, /^[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
  assert.match(createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(rest, {
    customerId: 'cust-123',
    items: [
      { productId: 'prod-456', quantity: 2, unitPrice: 19.99, lineTotal: 39.98 },
      { productId: 'prod-789', quantity: 1, unitPrice: 49.99, lineTotal: 49.99 },
    ],
    shippingAddress: tutorialOrder().shippingAddress,
    totalAmount: 89.97,
    status: 'Pending',
    version: 1,
  });
});

test('an order, its items and its event are stored together, with one instant, and the event is part of what was answered', async (t) => {
  const now = new Date('2024-12-12T10:30:00.123Z');
  const { post, db } = await openApp(t, { now: () => now });

  const answer = (await post(tutorialOrder())).json();
  const { status, updatedAt, version, ...event } = answer;

  const orders = await db.query('SELECT * FROM orders');
  assert.deepEqual(orders.rows, [
    {
      order_id: answer.orderId,
      customer_id: 'cust-123',
      total_amount: '89.97',
      status: 'Pending',
      shipping_address: tutorialOrder().shippingAddress,
      created_at: now,
      updated_at: now,
      version: 1,
    },
  ]);
  const items = await db.query(
    'SELECT order_id, line_number, product_id, quantity, unit_price, line_total, created_at FROM order_items ORDER BY 2',
  );
  const item = { order_id: answer.orderId, created_at: now };
  assert.deepEqual(items.rows, [
    {
      ...item,
      line_number: 1,
      product_id: 'prod-456',
      quantity: 2,
      unit_price: '19.99',
      line_total: '39.98',
    },
    {
      ...item,
      line_number: 2,
      product_id: 'prod-789',
      quantity: 1,
      unit_price: '49.99',
      line_total: '49.99',
    },
  ]);
  const outbox = await db.query(
    'SELECT message_type, message_body, created_at, aggregate_id, aggregate_version FROM outbox',
  );
  assert.deepEqual(outbox.rows, [
    {
      message_type: 'OrderCreated',
      message_body: event,
      created_at: now,
      aggregate_id: answer.orderId,
      aggregate_version: 1,
    },
  ]);
  assert.equal(answer.createdAt, now.toISOString());
  assert.deepEqual([status, updatedAt, version], ['Pending', now.toISOString(), 1]);
});

test('an order is read back as it was answered, with its status, its items in the order they were sent', async (t) => {
  const { post, request, db } = await openApp(t);
  const items = Array.from({ length: 100 }, (_, i) => ({
    productId: `prod-${(i * 37) % 100}`,
    quantity: i + 1,
    unitPrice: i / 100,
  }));
  const created = (await post({ ...tutorialOrder(), items })).json();
  // Moves every other row to the end of the table: the order of the rows is not the order of the items.
  await db.query('UPDATE order_items SET quantity = quantity WHERE line_number % 2 = 0');

  const read = await request({ url: `/api/orders/${created.orderId}` });

  assert.equal(read.statusCode, 200);
  // As text: the members come in the same order too.
  const { history, ...plain } = read.json();
  assert.equal(
    JSON.stringify(plain),
    JSON.stringify({ ...created, status: 'Pending', updatedAt: created.createdAt }),
  );
  assert.equal(Object.keys(read.json()).at(-1), 'history');
  assert.equal(history.length, 1);
});

test('an order that is not there is a 404, and what cannot be an id does not reach the database', async (t) => {
  const { request } = await openApp(t, { url: () => 'postgres://127.0.0.1:1/nowhere' });

  const ids = [
    'x',
    'A'.repeat(32),
    '0'.repeat(31),
    '0'.repeat(33),
    'f'.repeat(2000),
    '%00',
    "'%3B--",
    '..%2F',
  ];
  for (const id of ids) {
    const response = await request({ url: `/api/orders/${id}` });
    assert.equal(response.statusCode, 404, id);
    assert.equal(response.json().type, 'urn:order-service:problem:order-not-found');
  }
  const asked = await request({ url: `/api/orders/${'0'.repeat(32)}` });

  assert.equal(asked.statusCode, 503, 'an id that could be one is looked up');
});

test('an unknown id is a 404 of the same kind', async (t) => {
  const { request } = await openApp(t);

  const response = await request({ url: `/api/orders/${'0'.repeat(32)}` });

  assert.equal(response.statusCode, 404);
  assert.equal(response.json().type, 'urn:order-service:problem:order-not-found');
});

test('the largest and the smallest amounts and quantities are taken, exactly', async (t) => {
  const { post, request } = await openApp(t);
  const items = [
    { productId: 'most', quantity: 1, unitPrice: 99_999_999.98 },
    { productId: 'cent', quantity: 1, unitPrice: 0.01 },
    { productId: 'free', quantity: 2_147_483_647, unitPrice: 0 },
    { productId: 'minus nothing', quantity: 1, unitPrice: -0 },
  ];

  const created = await post({ ...tutorialOrder(), items });

  assert.equal(created.statusCode, 201);
  assert.equal(created.json().totalAmount, 99_999_999.99);
  const read = await request({ url: created.headers.location as string });
  assert.equal(read.json().totalAmount, 99_999_999.99);
});

test('a created order is one line of log with what was asked and what came of it, and without its customer', async (t) => {
  const { post, logs } = await openApp(t);

  const { orderId } = (await post(tutorialOrder(), { 'x-correlation-id': 'req-123' })).json();

  const lines = await untilLogged(logs, orderId);
  const created = `Order ${orderId} created with 2 items, total $89.97`;
  const fields = { orderId, itemCount: 2, totalAmount: 89.97, correlationId: 'req-123' };
  const request = { method: 'POST', route: '/api/orders', status: 201 };
  assert.deepEqual(
    lines.map(({ time: _time, service: _service, messageId: _id, ms: _ms, ...rest }) => rest),
    [
      { level: 'debug', ...fields, msg: created },
      { level: 'info', ...fields, ...request, msg: `POST /api/orders 201: ${created}` },
    ],
  );
  assert.doesNotMatch(JSON.stringify(logs), /cust-123/);
});

test('of a name that comes twice the last one counts, and a byte order mark is ignored', async (t) => {
  const { post } = await openApp(t);
  const twice = JSON.stringify(tutorialOrder()).replace('"quantity":2', '"quantity":7,"quantity":2');

  const doubled = await post(twice);
  const marked = await post(`\uFEFF${JSON.stringify(tutorialOrder())}`);

  assert.equal(doubled.json().items[0].quantity, 2);
  assert.equal(marked.statusCode, 201);
});

test('text of every script comes back as it was sent', async (t) => {
  const { post, request } = await openApp(t);
  const customerId = `Ωμέγα "q" \\ / 漢字 עברית 🛒 e\u0301 '; DROP TABLE orders; -- ${'𝄞'.repeat(60)}`;

  const created = await post({ ...tutorialOrder(), customerId });

  const read = await request({ url: created.headers.location as string });
  assert.equal(read.json().customerId, customerId);
});

test('an order is not sent again to who has its version, until it changes', async (t) => {
  const { post, cancel, request } = await openApp(t);
  const { orderId } = (await post(tutorialOrder())).json();
  const read = (ifNoneMatch?: string) =>
    request({
      url: `/api/orders/${orderId}`,
      ...(ifNoneMatch !== undefined && { headers: { 'if-none-match': ifNoneMatch } }),
    });

  const first = await read();
  const cases: [ifNoneMatch: string, status: number][] = [
    ['"1"', 304],
    ['W/"1"', 304], // the comparison is the weak one
    ['"7", "1"', 304],
    ['*', 304],
    ['"2"', 200],
    ['1', 200],
    ['', 200],
  ];
  for (const [ifNoneMatch, status] of cases) {
    const answer = await read(ifNoneMatch);
    assert.deepEqual(
      [answer.statusCode, answer.headers.etag, answer.headers['cache-control'], answer.body],
      [status, '"1"', 'private, no-cache', status === 200 ? first.body : ''],
      ifNoneMatch,
    );
  }
  await cancel(orderId);
  const changed = await read('"1"');

  assert.equal(first.headers.etag, '"1"');
  assert.deepEqual([changed.statusCode, changed.headers.etag], [200, '"2"']);
  assert.equal(changed.json().status, 'Cancelled');
});

/** All lines about an order; its request's own comes once the answer is sent. */
const untilLogged = (logs: readonly LogLine[], orderId: string) =>
  until('its request is logged', () => {
    const lines = logs.filter((line) => line['orderId'] === orderId);
    return lines.some(({ route }) => route !== undefined) && lines;
  });
