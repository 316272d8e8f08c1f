import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { until } from '../../support/until.ts';

const created = new Date('2024-12-12T10:30:00.000Z');
const cancelledAt = new Date('2024-12-12T10:45:00.123Z');

test('a cancelled order is answered as it is read, and its event is in the outbox with the reason', async (t) => {
  let now = created;
  const { post, cancel, request, db } = await openApp(t, { now: () => now });
  const order = (await post(tutorialOrder())).json();
  now = cancelledAt;

  const answer = await cancel(order.orderId, { reason: 'Ordered twice' }, { 'x-correlation-id': 'req-9' });

  const read = await request({ url: `/api/orders/${order.orderId}` });
  const { history, ...plain } = read.json();
  assert.equal(answer.statusCode, 200);
  assert.equal(
    answer.body,
    JSON.stringify({ ...order, status: 'Cancelled', updatedAt: cancelledAt.toISOString(), version: 2 }),
  );
  assert.equal(answer.body, JSON.stringify(plain));
  assert.equal(history.length, 2);
  assert.deepEqual([answer.headers.etag, read.headers.etag], ['"2"', '"2"']);
  const events = await db.query(
    `SELECT message_type, message_body, created_at, aggregate_id, aggregate_version, correlation_id FROM outbox ORDER BY position OFFSET 1`,
  );
  assert.deepEqual(events.rows, [
    {
      message_type: 'OrderCancelled',
      message_body: {
        orderId: order.orderId,
        customerId: 'cust-123',
        reason: 'Ordered twice',
        cancelledBy: 'customer',
        cancelledAt: cancelledAt.toISOString(),
      },
      created_at: cancelledAt,
      aggregate_id: order.orderId,
      aggregate_version: 2,
      correlation_id: 'req-9',
    },
  ]);
});

test('an order that is cancelled twice, also at once, has one event and every answer is the same', async (t) => {
  const { post, cancel, rowCounts } = await openApp(t);
  const { orderId } = (await post(tutorialOrder())).json();

  const atOnce = await Promise.all(
    Array.from({ length: 20 }, (_, n) => cancel(orderId, { reason: `Reason ${n}` })),
  );
  const later = await cancel(orderId, { reason: 'Another' });

  for (const answer of [...atOnce, later]) {
    assert.deepEqual([answer.statusCode, answer.headers.etag, answer.body], [200, '"2"', later.body]);
  }
  assert.deepEqual(await rowCounts(), [1, 2, 2]);
});

test('an order that is neither pending nor cancelled stays as it is', async (t) => {
  const { post, cancel, rowCounts, db } = await openApp(t);
  const { orderId } = (await post(tutorialOrder())).json();
  await db.query("UPDATE orders SET status = 'Shipped'");

  const answer = await cancel(orderId);

  assert.equal(answer.statusCode, 409);
  assert.equal(answer.json().type, 'urn:order-service:problem:order-not-cancellable');
  assert.equal(answer.json().detail, 'An order that is Shipped cannot be cancelled');
  const { rows } = await db.query('SELECT status, version FROM orders');
  assert.deepEqual(rows, [{ status: 'Shipped', version: 1 }]);
  assert.deepEqual(await rowCounts(), [1, 2, 1]);
});

test('an order that is not there, or cannot be, is a 404', async (t) => {
  const { cancel } = await openApp(t);

  for (const id of ['0'.repeat(32), 'x', 'A'.repeat(32), '%00']) {
    const answer = await cancel(id, undefined, { 'if-match': '"1"' });
    assert.equal(answer.statusCode, 404, id);
    assert.equal(answer.json().type, 'urn:order-service:problem:order-not-found');
  }
});

test('If-Match lets the command through only for the version it names', async (t) => {
  const { post, cancel, db, rowCounts } = await openApp(t);
  const cases: [ifMatch: string, status: number][] = [
    ['"2"', 412],
    ['"0"', 412],
    ['"01"', 412],
    ['W/"1"', 412], // the comparison is the strong one
    ['"other", "2"', 412],
    ['"4294967297"', 412],
    ['1', 400],
    ['"1', 400],
    ['"1" "2"', 400],
    ['', 400],
    ['*, "1"', 400],
    ['"1"', 200],
    [' "7", "1"', 200],
    ['"a,b","1"', 200],
    ['*', 200],
  ];

  for (const [ifMatch, status] of cases) {
    await db.query('TRUNCATE orders, order_items, order_history, outbox');
    const { orderId } = (await post(tutorialOrder())).json();

    const answer = await cancel(orderId, undefined, { 'if-match': ifMatch });

    assert.equal(answer.statusCode, status, `${ifMatch}: ${answer.body}`);
    assert.deepEqual(await rowCounts(), [1, 2, status === 200 ? 2 : 1], ifMatch);
    if (status === 412) {
      assert.equal(answer.json().type, 'urn:order-service:problem:order-version-mismatch');
      const isOurs = ifMatch.includes('"2"') || ifMatch === '"4294967297"';
      assert.match(answer.json().detail, isOurs ? /^The order has changed: / : /a weak one.*never matches/);
      assert.match(answer.json().detail, /its version is 1 by now$/);
    }
  }
});

test('of many that would cancel the version they have read, one does and the others learn of it', async (t) => {
  const { post, cancel, rowCounts } = await openApp(t);
  const { orderId } = (await post(tutorialOrder())).json();

  const answers = await Promise.all(
    Array.from({ length: 8 }, () => cancel(orderId, undefined, { 'if-match': '"1"' })),
  );

  const statuses = answers.map(({ statusCode }) => statusCode).sort((a, b) => a - b);
  assert.deepEqual(statuses, [200, ...Array(7).fill(412)]);
  assert.deepEqual(await rowCounts(), [1, 2, 2]);
});

test('a bad body names its fields and changes nothing', async (t) => {
  const { post, cancel, rowCounts } = await openApp(t);
  const { orderId } = (await post(tutorialOrder())).json();
  const cases: [body: object, pointers: string[]][] = [
    [{}, ['/reason']],
    [{ reason: '' }, ['/reason']],
    [{ reason: '  ' }, ['/reason']],
    [{ reason: 'a\u0000b' }, ['/reason']],
    [{ reason: 7 }, ['/reason']],
    [{ reason: 'x'.repeat(501) }, ['/reason']],
    [{ reason: 'x', orderId: '0'.repeat(32), versions: [1] }, ['/orderId', '/versions']],
    [[], ['']],
  ];

  for (const [body, pointers] of cases) {
    const answer = await cancel(orderId, body);

    assert.equal(answer.statusCode, 400, answer.body);
    const named = answer.json().errors.map(({ pointer }: { pointer: string }) => pointer);
    assert.deepEqual([...new Set(named)], pointers, answer.body);
  }
  assert.equal((await cancel(orderId, { reason: '𝄞'.repeat(500) })).statusCode, 200);
  assert.deepEqual(await rowCounts(), [1, 2, 2]);
});

test('a cancelled order is logged once, however often it is cancelled', async (t) => {
  const { post, cancel, logs } = await openApp(t);
  const { orderId } = (await post(tutorialOrder())).json();

  await cancel(orderId);
  await cancel(orderId);

  const lines = await until('both are logged', () => {
    const answers = logs.filter(({ route }) => String(route).endsWith('/cancel'));
    return answers.length === 2 && answers;
  });
  const answer = 'POST /api/orders/:orderId/cancel 200';
  assert.deepEqual(
    lines.map((line) => [line['level'], line['orderId'], line['msg']]),
    [
      ['info', orderId, `${answer}: Order ${orderId} is cancelled`],
      ['info', orderId, answer],
    ],
  );
});
