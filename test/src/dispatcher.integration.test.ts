import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomUUIDv7 } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { type Context, type ContextManager, context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { sql } from 'drizzle-orm';
import { createLogger } from '../../src/core/log.ts';
import { openPool } from '../../src/core/pool.ts';
import type { Connections } from '../../src/db/connections.ts';
import { orders } from '../../src/db/schema.ts';
import { createDispatcher, type WriteConnections } from '../../src/dispatcher.ts';
import { CREATE_ORDER } from '../../src/messages/create-order.ts';
import type { MessageContext } from '../../src/messages/message-context.ts';
import type { InTransaction, Receptor } from '../../src/receptors/receptor.ts';
import { receptors } from '../../src/receptors/registry.ts';
import { openApp } from '../support/app.ts';
import { createDatabase } from '../support/database.ts';
import { tutorialOrder } from '../support/orders.ts';
import { recordWrites } from '../support/record-writes.ts';

const request: MessageContext = {
  messageId: randomUUIDv7(),
  correlationId: 'req-123',
  causationId: undefined,
  userId: undefined,
  metadata: {},
  trace: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1' },
};

test('when the event cannot be stored, the order is not stored either', async (t) => {
  const { post, db, rowCounts } = await openApp(t);
  await db.query(
    `ALTER TABLE outbox ADD CONSTRAINT no_cust_666 CHECK (message_body->>'customerId' <> 'cust-666')`,
  );

  const refused = await post({ ...tutorialOrder(), customerId: 'cust-666' });

  assert.equal(refused.statusCode, 500);
  assert.deepEqual(await rowCounts(), [0, 0, 0]);
  assert.equal((await post(tutorialOrder())).statusCode, 201);
  assert.deepEqual(await rowCounts(), [1, 2, 1]);
});

test('an order is two messages to PostgreSQL: all that it writes, and COMMIT', async (t) => {
  const { url } = await createDatabase(t);
  const log = createLogger({ level: 'silent', service: 'test' });
  const pool = openPool({ url, max: 1, applicationName: 'test', log });
  t.after(() => pool.end());
  const dispatcher = createDispatcher({
    connections: allOf(pool),
    receptors,
    now: () => new Date(),
    newId: randomUUIDv7,
  });
  const client = await pool.connect();
  client.release();
  const writes = recordWrites(client);

  await dispatcher.dispatch({ type: CREATE_ORDER, body: tutorialOrder() }, request);

  const statements = writes.map((bytes) => [
    ...new Set(bytes.match(/begin|insert_order|insert_event|commit/g)),
  ]);
  assert.deepEqual(statements, [['begin', 'insert_order', 'insert_event'], ['commit']]);
});

test('when COMMIT itself fails, nothing is stored and the answer does not say that it may be', async (t) => {
  const { post, db, rowCounts } = await openApp(t);
  await db.query(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
    CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION refuse()`);

  const response = await post(tutorialOrder());

  assert.equal(response.statusCode, 500);
  assert.deepEqual(await rowCounts(), [0, 0, 0]);
});

test('a fault of ours is a 500 that tells nothing, and the log tells neither parameters nor addresses', async (t) => {
  const { post, db, logs } = await openApp(t);
  await db.query('ALTER TABLE outbox DROP COLUMN user_id');

  const response = await post(tutorialOrder());

  assert.equal(response.statusCode, 500);
  assert.doesNotMatch(response.body, /insert|outbox|column/i);
  const log = JSON.stringify(logs.filter((line) => line['level'] === 'error'));
  assert.match(log, /42703/);
  assert.doesNotMatch(log, /Main St|cust-123|62701/);
});

test('a receptor may return no event, or several: each gets its own id and the same cause', async (t) => {
  const none = await dispatchTo(
    t,
    deciding(async () => ({ answer: 'none', events: [] })),
  );
  const two = await dispatchTo(
    t,
    deciding(async () => ({
      answer: 'two',
      events: [
        { type: 'A', aggregateId: 'o', body: { a: 1 } },
        { type: 'B', aggregateId: 'o', body: { b: 2 } },
      ],
    })),
  );

  assert.deepEqual([none.answer, none.rows], ['none', []]);
  assert.equal(two.answer, 'two');
  const [a, b] = two.rows;
  assert.deepEqual([a?.message_type, b?.message_type], ['A', 'B'], 'in the order they happened');
  assert.notEqual(a?.message_id, b?.message_id);
  assert.equal(a?.causation_id, b?.causation_id);
  assert.notEqual(a?.causation_id, request.messageId, 'the command is between request and event');
});

test('what a receptor refuses before its transaction does not ask for a connection', async (t) => {
  const { pool } = await createDatabase(t);
  const receptor: Receptor<string, never> = () => {
    throw new Error('refused');
  };
  const dispatcher = createDispatcher({
    connections: allOf(pool),
    receptors: { receptor },
    now: () => new Date(),
    newId: randomUUIDv7,
  });

  await assert.rejects(dispatcher.dispatch({ type: 'receptor', body: '' }, request), { message: 'refused' });

  assert.equal(pool.totalCount, 0);
});

test('a command happens when its transaction begins, not when it begins to wait for a connection', async (t) => {
  const { pool } = await createDatabase(t);
  const free = Promise.withResolvers<void>();
  const late = { connect: () => free.promise.then(() => pool.connect()) };
  const times = [new Date(1_000), new Date(2_000)];
  let asked: Date | undefined;
  const receptor = deciding(async (_db, now) => {
    asked = now;
    return { answer: '', events: [{ type: 'A', aggregateId: 'o', body: {} }] };
  });
  const dispatcher = createDispatcher({
    connections: allOf(late),
    receptors: { receptor },
    now: () => times[0] as Date,
    newId: randomUUIDv7,
  });

  const done = dispatcher.dispatch({ type: 'receptor', body: {} }, request);
  times.shift();
  free.resolve();
  await done;

  assert.deepEqual(asked, new Date(2_000));
  const { rows } = await pool.query('SELECT created_at FROM outbox');
  assert.deepEqual(rows, [{ created_at: new Date(2_000) }]);
});

test('a receptor that swallows the error of a statement is not answered as if it had committed', async (t) => {
  const swallowing = deciding(async (db) => {
    await db.execute(sql`SELECT 1 / 0`).catch(() => undefined);
    return { answer: 'fine', events: [] };
  });

  await assert.rejects(dispatchTo(t, swallowing), /swallowed/);
});

test('a receptor that throws leaves nothing, and its connection goes back to the pool', async (t) => {
  const { pool } = await createDatabase(t);
  const throwing = deciding(async (db, now) => {
    const row = {
      orderId: 'o',
      customerId: 'c',
      totalAmount: '1.00',
      status: 'Pending',
      shippingAddress: {},
    };
    await db.insert(orders).values({ ...row, createdAt: now, updatedAt: now });
    throw new Error('changed my mind');
  });
  const dispatcher = createDispatcher({
    connections: allOf(pool),
    receptors: { throwing },
    now: () => new Date(),
    newId: randomUUIDv7,
  });

  await assert.rejects(dispatcher.dispatch({ type: 'throwing', body: '' }, request), /changed my mind/);

  assert.equal((await pool.query('SELECT * FROM orders')).rowCount, 0);
  assert.deepEqual([pool.totalCount, pool.idleCount], [1, 1]);
});

test("an event carries the active span's trace, else the request's", async (t) => {
  const receptor = deciding(async () => ({
    answer: '',
    events: [{ type: 'A', aggregateId: 'o', body: {} }],
  }));
  const span = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 };

  const without = await dispatchTo(t, receptor);
  context.setGlobalContextManager(asyncContextManager());
  t.after(() => context.disable());
  const within = await context.with(trace.setSpanContext(ROOT_CONTEXT, span), () => dispatchTo(t, receptor));

  assert.deepEqual(
    [without.rows[0]?.traceparent, without.rows[0]?.tracestate],
    [request.trace?.traceparent, request.trace?.tracestate],
  );
  assert.deepEqual(
    [within.rows[0]?.traceparent, within.rows[0]?.tracestate],
    [`00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, null],
  );
});

interface OutboxRow {
  message_id: string;
  message_type: string;
  causation_id: string;
  traceparent: string;
  tracestate: string;
}

const deciding =
  (decide: InTransaction<string>['decide']): Receptor<unknown, string> =>
  () => ({ decide });

/** Every connection for everybody. */
const allOf = (pool: Connections): WriteConnections => ({ writing: pool, changing: () => pool });

async function dispatchTo(t: TestContext, receptor: Receptor<unknown, string>) {
  const { pool } = await createDatabase(t);
  const dispatcher = createDispatcher({
    connections: allOf(pool),
    receptors: { receptor },
    now: () => new Date(),
    newId: randomUUIDv7,
  });
  const { answer } = await dispatcher.dispatch({ type: 'receptor', body: {} }, request);
  const { rows } = await pool.query<OutboxRow>('SELECT * FROM outbox ORDER BY position');
  return { answer, rows };
}

/** What the OpenTelemetry SDK brings, at its smallest. */
function asyncContextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  return {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, fn, thisArg, ...args) => storage.run(active, () => fn.apply(thisArg, args)),
    bind: (_active, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  };
}
