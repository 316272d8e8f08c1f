import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { REQUEST_PREFIX } from '../../relay/outbox/operator-request.ts';
import { createDatabase } from '../support/database.ts';
import {
  arrivals,
  createBus,
  insertEvent,
  startRelay,
  untilArrived,
  untilStreaming,
} from '../support/relay.ts';
import { until } from '../support/until.ts';

/** More than the 256 KB that an entity of the Standard tier takes. */
const TOO_LARGE = JSON.stringify({ text: 'x'.repeat(300_000) });

/** A relay, its database, and a broker that refuses what is too large. */
async function setUp(t: TestContext, options: { sessions?: boolean } = {}) {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t, options);
  const start = () => startRelay(t, { url, bus, ...options });
  const subjects = () => arrivals(bus).map(([subject]) => subject);
  return { pool, bus, start, subjects };
}

interface Fate {
  readonly parked: boolean;
  readonly deferred: boolean;
  readonly processed: boolean;
  readonly error: string | null;
}

async function fateOf(pool: pg.Pool, type: string): Promise<Fate> {
  const { rows } = await pool.query<Fate>(
    `SELECT parked_at IS NOT NULL AS parked, deferred_at IS NOT NULL AS deferred, processed_at IS NOT NULL AS processed,
       error_message AS error FROM outbox WHERE message_type = $1`,
    [type],
  );
  return rows[0] ?? assert.fail(`no row ${type}`);
}

const untilParked = (pool: pg.Pool, type: string) =>
  until(`${type} is parked`, async () => (await fateOf(pool, type)).parked);
const untilDeferred = (pool: pg.Pool, type: string) =>
  until(`${type} waits in the table`, async () => (await fateOf(pool, type)).deferred);

/** What an operator does to a parked message, in one transaction. */
async function release(pool: pg.Pool, type: string, set: string): Promise<void> {
  await pool.query(
    `WITH released AS (UPDATE outbox SET ${set} WHERE message_type = $1 RETURNING aggregate_id, message_id)
     SELECT pg_logical_emit_message(true, $2, jsonb_build_object('redrive', CASE WHEN aggregate_id IS NULL
       THEN jsonb_build_object('messageId', message_id) ELSE jsonb_build_object('aggregateId', aggregate_id) END)::text)
     FROM released`,
    [type, REQUEST_PREFIX],
  );
}
const retry = (pool: pg.Pool, type: string) =>
  release(pool, type, 'parked_at = NULL, deferred_at = now(), error_message = NULL');
const drop = (pool: pg.Pool, type: string) => release(pool, type, 'dropped_at = now()');

test('a message that can never pass is parked with the reason, its order waits in the table, all others flow', async (t) => {
  const { pool, bus, start, subjects } = await setUp(t);
  const relay = start();
  await untilStreaming(relay);

  await insertEvent(pool, 'TooLarge', { aggregateId: 'o1', body: TOO_LARGE });
  await insertEvent(pool, 'Behind', { aggregateId: 'o1' });
  for (let n = 1; n <= 10; n++) await insertEvent(pool, `Other${n}`, { aggregateId: 'o2' });
  await untilArrived(bus, 10);
  await untilDeferred(pool, 'Behind');

  assert.deepEqual(
    subjects(),
    Array.from({ length: 10 }, (_, i) => `Other${i + 1}`),
  );
  const { parked, error } = await fateOf(pool, 'TooLarge');
  assert.equal(parked, true);
  assert.match(error ?? '', /too large|size/i);
  await until('nothing is left for the WAL to keep', () => relay.monitor.unsettled === 0);
  assert.equal(relay.monitor.isReady, true);
  assert.equal(relay.monitor.figures.parkedOrders, 1);
});

test('a restart forgets neither what is parked nor what waits behind it', async (t) => {
  const { pool, bus, start, subjects } = await setUp(t);
  const first = start();
  await untilStreaming(first);
  await insertEvent(pool, 'TooLarge', { aggregateId: 'o1', body: TOO_LARGE });
  await insertEvent(pool, 'Behind1', { aggregateId: 'o1' });
  await untilDeferred(pool, 'Behind1');
  await first.stop();

  await insertEvent(pool, 'Behind2', { aggregateId: 'o1' });
  await insertEvent(pool, 'Other', { aggregateId: 'o2' });
  await untilStreaming(start());
  await untilArrived(bus, 1);
  await untilDeferred(pool, 'Behind2');

  assert.deepEqual(subjects(), ['Other']);
});

test('a dropped message lets its order go on, with what waited and then with what comes', async (t) => {
  const { pool, bus, start, subjects } = await setUp(t);
  await untilStreaming(start());
  await insertEvent(pool, 'Before', { aggregateId: 'o1' });
  await insertEvent(pool, 'TooLarge', { aggregateId: 'o1', body: TOO_LARGE });
  await insertEvent(pool, 'Behind1', { aggregateId: 'o1' });
  await insertEvent(pool, 'Behind2', { aggregateId: 'o1' });
  await untilDeferred(pool, 'Behind2');

  await drop(pool, 'TooLarge');
  await insertEvent(pool, 'After', { aggregateId: 'o1' });
  await untilArrived(bus, 4);

  assert.deepEqual(subjects(), ['Before', 'Behind1', 'Behind2', 'After']);
  await until('they are marked', async () => (await fateOf(pool, 'After')).processed);
  assert.equal((await fateOf(pool, 'TooLarge')).processed, false);
});

test('a message is sent again when an operator asks for it while no relay runs, and passes once the broker takes it', async (t) => {
  const { pool, bus, start, subjects } = await setUp(t);
  const fault = bus.faults.inject({ kind: 'sizeExceeded' });
  const first = start();
  await untilStreaming(first);
  await insertEvent(pool, 'Refused', { aggregateId: 'o1' });
  await insertEvent(pool, 'OfNoOrder');
  await untilParked(pool, 'Refused');
  await untilParked(pool, 'OfNoOrder');
  await insertEvent(pool, 'Behind', { aggregateId: 'o1' });
  await untilDeferred(pool, 'Behind');

  await retry(pool, 'Refused');
  await until('it is parked again', async () => (await fateOf(pool, 'Refused')).parked);
  await first.stop();
  fault.heal();
  await retry(pool, 'Refused');
  await retry(pool, 'OfNoOrder');
  await untilStreaming(start());
  await untilArrived(bus, 3);

  assert.deepEqual(new Set(subjects()), new Set(['Behind', 'OfNoOrder', 'Refused']));
  assert.ok(subjects().indexOf('Refused') < subjects().indexOf('Behind'));
});

test('what nobody can send because its writer deleted it holds up nothing behind it', async (t) => {
  const { pool, bus, start, subjects } = await setUp(t);
  await untilStreaming(start());
  const client = await pool.connect();
  await client.query('BEGIN');
  await insertEvent(client, 'Deleted', { aggregateId: 'o2', body: TOO_LARGE });
  await client.query(`DELETE FROM outbox WHERE message_type = 'Deleted'`);
  await client.query('COMMIT');
  client.release();
  await insertEvent(pool, 'After', { aggregateId: 'o2' });
  await untilArrived(bus, 1);

  assert.deepEqual(subjects(), ['After']);
});

test('with sessions, an order whose id is no session id is parked', async (t) => {
  const { pool, bus, start, subjects } = await setUp(t, { sessions: true });
  await untilStreaming(start());

  await insertEvent(pool, 'TooLong', { aggregateId: 'o'.repeat(129) });
  await insertEvent(pool, 'Other', { aggregateId: 'o'.repeat(128) });
  await untilArrived(bus, 1);
  await untilParked(pool, 'TooLong');

  assert.match((await fateOf(pool, 'TooLong')).error ?? '', /aggregate_id is longer than the 128/);
  assert.deepEqual(subjects(), ['Other']);
});

test('what was sent is sent again, with the same id, when an operator unmarks it and asks for the table', async (t) => {
  const { pool, bus, start } = await setUp(t);
  const relay = start();
  await untilStreaming(relay);
  for (const type of ['A', 'B']) await insertEvent(pool, type, { aggregateId: 'o1' });
  await until('both are marked', async () => (await fateOf(pool, 'B')).processed);
  const sent = bus.journal.entries().map(({ messageId }) => messageId);

  await pool.query(
    `WITH unmarked AS (UPDATE outbox SET processed_at = NULL RETURNING 1)
     SELECT pg_logical_emit_message(true, $1, '{"settle":true}') FROM (SELECT count(*) FROM unmarked) AS counted`,
    [REQUEST_PREFIX],
  );
  await until('they were sent again', () => bus.journal.total === 4);

  const again = bus.journal.entries().slice(2);
  assert.deepEqual(
    again.map(({ messageId }) => messageId),
    sent,
  );
  assert.equal(relay.monitor.counts.recoveries, 2);
});

test('what is no request is passed over', async (t) => {
  const { pool, bus, start } = await setUp(t);
  await untilStreaming(start());

  for (const text of [
    '',
    '{}',
    'null',
    '{"settle":false}',
    '{"redrive":{"messageId":"1"}}',
    '{"redrive":{}}',
    '\u{1f600}',
  ])
    await pool.query('SELECT pg_logical_emit_message(true, $1, $2)', [REQUEST_PREFIX, text]);
  await pool.query(`SELECT pg_logical_emit_message(true, 'another', '{"settle":true}')`);
  await pool.query(`SELECT pg_logical_emit_message(false, $1, '{"settle":true}')`, [REQUEST_PREFIX]);
  await insertEvent(pool, 'After');

  await untilArrived(bus, 1);
});
