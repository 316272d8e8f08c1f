import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { openApp } from '../../../support/app.ts';
import { createIssuer } from '../../../support/issuer.ts';
import { tutorialOrder } from '../../../support/orders.ts';
import { until } from '../../../support/until.ts';

// Two customers, and one who may see all. An order of another customer is the same as one that is not there.

const NOWHERE = 'f'.repeat(32);

async function openShop(t: TestContext) {
  const issuer = await createIssuer(t);
  const app = await openApp(t, { auth: issuer.auth });
  const tokenOf = async (claims: object) => ({ authorization: `Bearer ${await issuer.sign({ ...claims })}` });
  const all = 'orders:read orders:write';
  const one = await tokenOf({ sub: 'alice', scope: all, customer_id: 'cust-1' });
  const other = await tokenOf({ sub: 'bob', scope: all, customer_id: 'cust-2' });
  const clerk = await tokenOf({ sub: 'clerk', scope: `${all} orders:any` });
  const order = async (customerId: string, headers: Record<string, string>) =>
    app.post({ ...tutorialOrder(), customerId }, headers);
  const { orderId } = (await order('cust-1', one)).json() as { orderId: string };
  return { ...app, tokenOf, order, one, other, clerk, orderId };
}

/** Of two answers, what must not tell one from the other; each has an id of its own. */
const told = ({ statusCode, headers, body }: { statusCode: number; headers: object; body: string }) => [
  statusCode,
  Object.keys(headers),
  body.replaceAll(/urn:uuid:[0-9a-f-]{36}/g, 'urn:uuid:...'),
];

test("another customer's order is the same 404 as one that is not there: read, followed and cancelled", async (t) => {
  const { request, cancel, db, orderId, one, other, clerk } = await openShop(t);

  for (const path of ['', '/events']) {
    const foreign = await request({ url: `/api/orders/${orderId}${path}`, headers: other });
    const missing = await request({ url: `/api/orders/${NOWHERE}${path}`, headers: other });
    assert.equal(foreign.statusCode, 404);
    assert.deepEqual(told(foreign), told(missing));
    for (const headers of [one, clerk]) {
      assert.equal((await request({ url: `/api/orders/${orderId}${path}`, headers })).statusCode, 200);
    }
  }
  for (const ifMatch of [{}, { 'if-match': '"7"' }]) {
    const foreign = await cancel(orderId, undefined, { ...other, ...ifMatch });
    assert.deepEqual(told(foreign), told(await cancel(NOWHERE, undefined, { ...other, ...ifMatch })));
  }
  const known = await request({
    url: `/api/orders/${orderId}`,
    headers: { ...other, 'if-none-match': '"1"' },
  });
  assert.equal(known.statusCode, 404);
  assert.deepEqual((await db.query('SELECT status FROM orders')).rows, [{ status: 'Pending' }]);
  assert.equal((await cancel(orderId, undefined, one)).statusCode, 200);
});

test("to cancel another customer's order does not wait for who has locked it, and locks nothing", async (t) => {
  const { cancel, db, orderId, one, other } = await openShop(t);
  const holder = await db.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT FROM orders FOR UPDATE');

  const own = cancel(orderId, undefined, one);
  await until('its owner waits', async () => {
    const { rowCount } = await db.query(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return rowCount === 1;
  });
  assert.equal((await cancel(orderId, undefined, other)).statusCode, 404);

  await holder.query('COMMIT');
  holder.release();
  assert.equal((await own).statusCode, 200);
});

test('an order for another customer is refused by name, and nothing is stored', async (t) => {
  const { order, rowCounts, one, clerk } = await openShop(t);

  const refused = await order('cust-2', one);

  assert.equal(refused.statusCode, 403);
  assert.equal(refused.json().type, 'urn:order-service:problem:forbidden');
  assert.deepEqual(refused.json().errors, [
    { pointer: '/customerId', detail: 'customerId must be the customer of the token' },
  ]);
  assert.deepEqual(await rowCounts(), [1, 2, 1]);
  assert.equal((await order('cust-2', clerk)).statusCode, 201);
});

test("a list has the orders of the token's customer alone, and another's cannot be asked for", async (t) => {
  const { request, order, one, other, clerk } = await openShop(t);
  await order('cust-2', other);
  const customersIn = async (query: string, headers: Record<string, string>) => {
    const answer = await request({ url: `/api/orders${query}`, headers });
    assert.equal(answer.statusCode, 200, answer.body);
    return (answer.json().items as { customerId: string }[]).map(({ customerId }) => customerId);
  };

  assert.deepEqual(await customersIn('', one), ['cust-1']);
  assert.deepEqual(await customersIn('?customerId=cust-2&status=Pending', other), ['cust-2']);
  assert.deepEqual(await customersIn('', clerk), ['cust-2', 'cust-1']);
  assert.deepEqual(await customersIn('?customerId=cust-1', clerk), ['cust-1']);
  const refused = await request({ url: '/api/orders?customerId=cust-2', headers: one });
  assert.equal(refused.statusCode, 403);
  assert.match(refused.json().detail, /customerId must be the customer of the token/);
});

test("the next page of somebody else's list is a page of one's own", async (t) => {
  const { request, order, one, other, clerk } = await openShop(t);
  await order('cust-2', other);
  await order('cust-1', one);
  const { next } = (await request({ url: '/api/orders?limit=1', headers: clerk })).json() as { next: string };

  const page = await request({ url: `/api/orders?cursor=${next}`, headers: other });

  assert.deepEqual(
    page.json().items.map(({ customerId }: { customerId: string }) => customerId),
    ['cust-2'],
  );
});

test('orders:any does not lift the limit of a token that has a customer', async (t) => {
  const { request, tokenOf, orderId } = await openShop(t);
  const both = await tokenOf({ scope: 'orders:read orders:any', customer_id: 'cust-2' });

  assert.equal((await request({ url: `/api/orders/${orderId}`, headers: both })).statusCode, 404);
});

test('a key belongs to one subject and one customer: nobody else is answered what was answered with it', async (t) => {
  const { post, cancel, rowCounts, tokenOf, orderId, one, other } = await openShop(t);
  const key = { 'idempotency-key': 'key-1' };
  const own = await cancel(orderId, undefined, { ...one, ...key });
  const aliceForTwo = await tokenOf({ sub: 'alice', scope: 'orders:write', customer_id: 'cust-2' });

  assert.equal(own.statusCode, 200);
  for (const headers of [other, aliceForTwo]) {
    const answer = await cancel(orderId, undefined, { ...headers, ...key });
    assert.deepEqual([answer.statusCode, answer.headers['idempotency-replayed']], [404, undefined]);
  }
  const fresh = await tokenOf({ sub: 'alice', scope: 'orders:write', customer_id: 'cust-1' });
  const again = await cancel(orderId, undefined, { ...fresh, ...key });
  assert.deepEqual([again.headers['idempotency-replayed'], again.body], ['true', own.body]);

  const [before] = await rowCounts();
  const orders = [one, other].map((headers, n) =>
    post({ ...tutorialOrder(), customerId: `cust-${n + 1}` }, { ...headers, 'idempotency-key': 'key-2' }),
  );
  for (const answer of await Promise.all(orders)) assert.equal(answer.statusCode, 201);
  assert.deepEqual(await rowCounts(), [before + 2, (before + 2) * 2, before + 3]);
});
