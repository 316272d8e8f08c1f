import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LightMyRequestResponse } from 'fastify';
import { parseIdempotencyKey } from '../../../src/http/headers/idempotency-key.ts';
import { openApp, type TestApp } from '../../support/app.ts';
import { lockOrders } from '../../support/lock-orders.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { until } from '../../support/until.ts';

const KEY = { 'idempotency-key': '8e03978e-40d5-43dd-bc93-6894a57f9324' };

test('a repeat gets the answer that was given, byte for byte, from another process too, and one order is there', async (t) => {
  const app = await openApp(t);
  const other = await openApp(t, { database: app.database });
  const first = await app.post(tutorialOrder(), KEY);

  const { items, customerId, shippingAddress } = tutorialOrder();
  const repeats = [
    await app.post(tutorialOrder(), KEY),
    await other.post(tutorialOrder(), KEY),
    await other.post(tutorialOrder(), { 'idempotency-key': `"${KEY['idempotency-key']}"` }),
    await other.post(JSON.stringify({ shippingAddress, items, customerId }, undefined, 2), KEY),
    await other.post(tutorialOrder(), { ...KEY, 'x-correlation-id': 'another', 'x-metadata-a': 'b' }),
  ];

  assert.equal(first.statusCode, 201);
  assert.equal(first.headers['idempotency-replayed'], undefined);
  for (const repeat of repeats) {
    assert.deepEqual(parts(repeat), { ...parts(first), replayed: 'true' });
  }
  assert.deepEqual(await app.rowCounts(), [1, 2, 1]);
  const created = [...app.logs, ...other.logs].filter(
    ({ msg, level }) => level === 'info' && /Order \w+ created with /.test(String(msg)),
  );
  assert.equal(created.length, 1);
});

test('an answer with a key is the same as one without', async (t) => {
  const newId = () => '0193c0ff-ee00-7abc-8def-0123456789ab';
  const now = () => new Date('2024-12-12T10:30:00.123Z');
  const items = tutorialOrder().items.slice(0, 1);
  const plain = await openApp(t, { newId, now });
  const keyed = await openApp(t, { newId, now });

  const without = await plain.post({ ...tutorialOrder(), items });
  const withKey = await keyed.post({ ...tutorialOrder(), items }, KEY);

  assert.deepEqual(parts(withKey), parts(without));
  assert.equal((await plain.db.query('SELECT FROM idempotency_keys')).rowCount, 0);
});

test('a key that comes with another body is a 422, and changes nothing', async (t) => {
  const { post, rowCounts } = await openApp(t);
  await post(tutorialOrder(), KEY);

  const response = await post({ ...tutorialOrder(), customerId: 'cust-124' }, KEY);

  assert.equal(response.statusCode, 422);
  assert.equal(response.json().type, 'urn:order-service:problem:idempotency-key-reused');
  assert.deepEqual(await rowCounts(), [1, 2, 1]);
  assert.equal((await post(tutorialOrder(), KEY)).headers['idempotency-replayed'], 'true');
});

test('a key that comes with another If-Match is a 422; with the same one it is a repeat', async (t) => {
  const { post, cancel, rowCounts } = await openApp(t);
  const { orderId } = (await post(tutorialOrder())).json();
  const reason = { reason: 'Ordered twice' };
  const first = await cancel(orderId, reason, { ...KEY, 'if-match': '"1"' });

  const repeated = await cancel(orderId, reason, { ...KEY, 'if-match': '"1"' });
  const others = [
    await cancel(orderId, reason, { ...KEY, 'if-match': '"2"' }),
    await cancel(orderId, reason, KEY),
  ];

  assert.equal(first.statusCode, 200);
  assert.deepEqual([repeated.headers['idempotency-replayed'], repeated.body], ['true', first.body]);
  for (const other of others) assert.equal(other.statusCode, 422, other.body);
  assert.deepEqual(await rowCounts(), [1, 2, 2]);
});

test("another caller's key of the same name is another key", async (t) => {
  const { post, rowCounts } = await openApp(t);

  const answers = [
    await post(tutorialOrder(), KEY),
    await post(tutorialOrder(), { ...KEY, 'x-user-id': 'alice' }),
    await post(tutorialOrder(), { ...KEY, 'x-user-id': 'anonymous' }),
    await post(tutorialOrder(), { ...KEY, 'x-user-id': 'alice' }),
  ];

  const replayed = answers.map(({ headers }) => headers['idempotency-replayed']);
  assert.deepEqual(replayed, [undefined, undefined, undefined, 'true']);
  assert.equal(answers[3]?.body, answers[1]?.body);
  assert.deepEqual(await rowCounts(), [3, 6, 3]);
});

test('while the first is under way, others get a 409 at once and hold no connection; the next one gets its answer', async (t) => {
  const app = await openApp(t, { poolOptions: { max: 3 } }); // two for writing
  const other = await openApp(t, { database: app.database });
  const release = await lockOrders(t, app.db);
  const first = app.post(tutorialOrder(), KEY);
  await until('the first order waits', () => isWaiting(app));

  for (const { post } of [app, other, app, other]) {
    const response = await post(tutorialOrder(), KEY);
    assert.equal(response.statusCode, 409, response.body);
    assert.equal(response.json().type, 'urn:order-service:problem:idempotency-key-in-use');
    assert.equal(response.headers['retry-after'], '2');
  }
  const otherBody = await other.post({ ...tutorialOrder(), customerId: 'cust-124' }, KEY);
  assert.equal(otherBody.statusCode, 409, 'which of the two it is cannot be known yet');
  await release();

  const answer = await first;
  assert.equal(answer.statusCode, 201);
  assert.deepEqual(parts(await other.post(tutorialOrder(), KEY)), { ...parts(answer), replayed: 'true' });
  assert.deepEqual(await app.rowCounts(), [1, 2, 1]);
});

test('of 50 at once with one key, every one gets that order or a 409', async (t) => {
  const app = await openApp(t);
  const other = await openApp(t, { database: app.database });

  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => (n % 2 ? app : other).post(tutorialOrder(), KEY)),
  );

  const taken = answers.filter(({ statusCode }) => statusCode === 201);
  assert.ok(taken.length >= 1);
  assert.equal(new Set(taken.map(({ body }) => body)).size, 1);
  assert.equal(taken.filter(({ headers }) => !headers['idempotency-replayed']).length, 1);
  for (const { statusCode } of answers) assert.ok(statusCode === 201 || statusCode === 409, `${statusCode}`);
  assert.deepEqual(await app.rowCounts(), [1, 2, 1]);
  assert.equal((await app.post(tutorialOrder(), KEY)).body, taken[0]?.body);
});

test('a request that failed does not use the key up', async (t) => {
  const app = await openApp(t, { poolOptions: { statementTimeoutMs: 300 } });
  const badBody = await app.post({ ...tutorialOrder(), items: [] }, KEY);
  const tooDear = { productId: 'p', quantity: 2, unitPrice: 99_999_999 };
  const badOrder = await app.post({ ...tutorialOrder(), items: [tooDear] }, KEY);
  const release = await lockOrders(t, app.db);
  const unavailable = await app.post(tutorialOrder(), KEY);
  await release();
  await app.db.query('ALTER TABLE outbox RENAME TO away');
  const broken = await app.post(tutorialOrder(), KEY);
  await app.db.query('ALTER TABLE away RENAME TO outbox');

  const taken = await app.post(tutorialOrder(), KEY);

  const failures = [badBody, badOrder, unavailable, broken].map(({ statusCode }) => statusCode);
  assert.deepEqual(failures, [400, 400, 503, 500]);
  assert.deepEqual([taken.statusCode, taken.headers['idempotency-replayed']], [201, undefined]);
  assert.deepEqual(await app.rowCounts(), [1, 2, 1]);
});

test('an answer is kept for a day, then the key is a new one', async (t) => {
  const { post, db, rowCounts } = await openApp(t);
  const first = await post(tutorialOrder(), KEY);
  const age = (interval: string) =>
    db.query(`UPDATE idempotency_keys SET created_at = now() - '${interval}'::interval`);

  await age('23 hours 59 minutes');
  const kept = await post(tutorialOrder(), KEY);
  await age('24 hours 1 second');
  const anew = await post({ ...tutorialOrder(), customerId: 'cust-124' }, KEY);
  const repeated = await post({ ...tutorialOrder(), customerId: 'cust-124' }, KEY);

  assert.equal(kept.body, first.body);
  assert.deepEqual([anew.statusCode, anew.headers['idempotency-replayed']], [201, undefined]);
  assert.deepEqual(parts(repeated), { ...parts(anew), replayed: 'true' });
  assert.deepEqual(await rowCounts(), [2, 4, 2]);
});

const accepted: [header: string, key: string][] = [
  ['a', 'a'],
  ['"a"', 'a'],
  ["don't", "don't"],
  ['a"b\\c', 'a"b\\c'],
  ['"a\\"b\\\\c"', 'a"b\\c'],
  ['!~,;=()', '!~,;=()'],
  ['x'.repeat(255), 'x'.repeat(255)],
  [`"${'x'.repeat(255)}"`, 'x'.repeat(255)],
  [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
];
const refused: (string | string[])[] = [
  '',
  ' ',
  '""',
  '"',
  'a b',
  '"a b"',
  '"a',
  '"a"b',
  '"a";p=1',
  '"a", "b"',
  '"a\\b"',
  '"a\\"',
  'é',
  '"é"',
  'a\tb',
  'a\u007f',
  'x'.repeat(256),
  `"${'x'.repeat(256)}"`,
  ['a b', 'c'],
];

test('a key is 1 to 255 visible characters, quoted or not', () => {
  for (const [header, key] of accepted) assert.equal(parseIdempotencyKey(header), key);
  for (const header of refused) {
    assert.throws(() => parseIdempotencyKey(header), { code: 'CONTEXT_INVALID' }, String(header));
  }
});

test('a bad key is a 400 that names the header, and changes nothing', async (t) => {
  const { post, rowCounts } = await openApp(t);

  for (const header of refused) {
    const response = await post(tutorialOrder(), { 'idempotency-key': header });

    assert.equal(response.statusCode, 400, String(header));
    const { type, errors } = response.json();
    assert.equal(type, 'urn:order-service:problem:context-invalid');
    assert.match(errors[0].detail, /^idempotency-key must be/);
  }
  assert.deepEqual(await rowCounts(), [0, 0, 0]);
});

test('every POST of the API takes a key, and its documents say so', async (t) => {
  const { request } = await openApp(t);

  const { paths } = (await request({ url: '/openapi.json' })).json();

  const posts = Object.values<Record<string, Operation>>(paths).flatMap(({ post }) => post ?? []);
  assert.ok(posts.length >= 1);
  for (const { operationId, parameters, responses } of posts) {
    assert.ok(
      parameters.some((one) => one.in === 'header' && one.name.toLowerCase() === 'idempotency-key'),
      operationId,
    );
    assert.ok(responses['409'] && responses['422'], operationId);
    const success = Object.entries(responses).filter(([status]) => status.startsWith('2'));
    for (const [, { headers }] of success) assert.ok(headers['Idempotency-Replayed'], operationId);
  }
});

interface Operation {
  readonly operationId: string;
  readonly parameters: { in: string; name: string }[];
  readonly responses: Record<string, { headers: Record<string, object> }>;
}

function parts({ statusCode, body, headers }: LightMyRequestResponse) {
  const { location, 'content-type': type, 'idempotency-replayed': replayed } = headers;
  return { statusCode, body, location, type, replayed };
}

async function isWaiting({ db }: TestApp): Promise<boolean> {
  const { rowCount } = await db.query(
    `SELECT FROM pg_stat_activity
     WHERE datname = current_database() AND application_name = 'api' AND wait_event_type = 'Lock'`,
  );
  return rowCount === 1;
}
