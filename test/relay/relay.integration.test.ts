import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '../../src/core/log.ts';
import { createDatabase, EMPTY } from '../support/database.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import {
  arrivals,
  connect,
  createBus,
  insertEvent,
  insertEvents,
  slotOf,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../support/relay.ts';
import { until } from '../support/until.ts';

test('an event committed before the first start of the relay is published, before those committed later', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  await insertEvent(pool, 'Early', { aggregateId: 'o1' });

  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  await insertEvent(pool, 'Late', { aggregateId: 'o1' });
  await untilArrived(bus, 2);

  assert.deepEqual(arrivals(bus), [
    ['Early', '{}'],
    ['Late', '{}'],
  ]);
  await untilAllMarked(pool);
});

test('a message carries everything the contract names, and the committed bytes', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  await pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, correlation_id, causation_id, user_id,
       metadata, traceparent, tracestate)
     VALUES ('0192a000-0000-7000-8000-000000000001', 'OrderCreated', '{"n":12345678901234567890,"p":1.10,"s":"ü\\u0001"}',
       'o1', 'req-123', 'msg-002', 'u-7', '{"tenant":"t1","retries":3}', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'v=1')`,
  );

  startRelay(t, { url, bus });
  await untilArrived(bus, 1);

  const [entry] = bus.journal.entries();
  assert.equal(entry?.messageId, '0192a000-0000-7000-8000-000000000001');
  assert.equal(entry?.subject, 'OrderCreated');
  assert.equal(entry?.contentType, 'application/json');
  assert.equal(entry?.correlationId, 'req-123');
  assert.equal(entry?.sessionId, undefined);
  assert.equal(entry?.body.toString(), '{"n": 12345678901234567890, "p": 1.10, "s": "ü\\u0001"}');
  assert.deepEqual(entry?.applicationProperties, {
    messageType: 'OrderCreated',
    aggregateId: 'o1',
    causationId: 'msg-002',
    userId: 'u-7',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'Diagnostic-Id': '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'v=1',
    tenant: 't1',
    retries: 3,
  });
});

test('a message with only the required columns has no property that has no value', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  await insertEvent(pool, 'Ping', { body: '[1,2]' });

  startRelay(t, { url, bus });
  await untilArrived(bus, 1);

  const [entry] = bus.journal.entries();
  assert.deepEqual(entry?.applicationProperties, { messageType: 'Ping' });
  assert.equal(entry?.correlationId, undefined);
  assert.equal(entry?.body.toString(), '[1, 2]');
});

test('five rows of one transaction come out in order, a rolled-back one never', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  const client = await connect(t, url);

  await client.query('BEGIN');
  await insertEvent(client, 'Phantom');
  await client.query('ROLLBACK');
  await client.query('BEGIN');
  await client.query('SAVEPOINT before');
  await insertEvent(client, 'Phantom');
  await client.query('ROLLBACK TO before');
  for (let n = 1; n <= 5; n++) await insertEvent(client, `Row${n}`, { aggregateId: 'o1' });
  await client.query('COMMIT');
  await insertEvent(pool, 'After', { aggregateId: 'o1' });
  await untilArrived(bus, 6);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    ['Row1', 'Row2', 'Row3', 'Row4', 'Row5', 'After'],
  );
});

test('interleaved transactions come out in the order of their commits, not of their inserts', async (t) => {
  const { url } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  const [a, b] = [await connect(t, url), await connect(t, url)];

  await a.query('BEGIN');
  await b.query('BEGIN');
  await insertEvent(a, 'A1', { aggregateId: 'o1' });
  await insertEvent(b, 'B1', { aggregateId: 'o1' });
  await insertEvent(a, 'A2', { aggregateId: 'o1' });
  await insertEvent(b, 'B2', { aggregateId: 'o1' });
  await b.query('COMMIT');
  await a.query('COMMIT');
  await untilArrived(bus, 4);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    ['B1', 'B2', 'A1', 'A2'],
  );
});

test('a row inserted as processed is never sent', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const history = `INSERT INTO outbox (message_id, message_type, message_body, processed_at)
                   VALUES (gen_random_uuid(), 'History', '{}', now())`;
  await pool.query(history);
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);

  await pool.query(history);
  await insertEvent(pool, 'News');
  await untilArrived(bus, 1);
  await untilAllMarked(pool);

  assert.deepEqual(arrivals(bus), [['News', '{}']]);
});

test('a row that its own transaction deletes again is sent from the WAL, and the slot moves on', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  const client = await connect(t, url);

  await client.query('BEGIN');
  await insertEvent(client, 'Fleeting');
  await client.query('DELETE FROM outbox');
  await client.query('COMMIT');
  const { rows } = await pool.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn');
  await untilArrived(bus, 1);

  assert.deepEqual(arrivals(bus), [['Fleeting', '{}']]);
  await until('the progress is stored behind it', async () => {
    const stored = await pool.query('SELECT FROM relay_progress WHERE settled_lsn >= $1', [rows[0]?.lsn]);
    return stored.rowCount === 1;
  });
});

test('with sessions, every message carries its order as session, and no batch holds two', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t, { sessions: true });
  const relay = startRelay(t, { url, bus, sessions: true });
  await untilStreaming(relay);

  await insertEvents(pool, 30, (n) => ({ type: `Ev${n}`, aggregateId: `order-${n % 3}` }));
  const loose = await insertEvent(pool, 'Loose');
  await untilArrived(bus, 31);
  await untilAllMarked(pool);

  const entries = bus.journal.entries();
  for (const order of ['order-0', 'order-1', 'order-2']) {
    const numbers = entries
      .filter(({ sessionId }) => sessionId === order)
      .map(({ subject }) => Number(subject?.slice(2)));
    assert.deepEqual(
      numbers,
      numbers.toSorted((x, y) => x - y),
      order,
    );
    assert.equal(numbers.length, 10);
  }
  assert.equal(entries.find(({ subject }) => subject === 'Loose')?.sessionId, loose);
});

test('a failing send shows in its row, and once the broker is well the order is kept and nothing is lost', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  const fault = bus.faults.inject({ kind: 'disabled' });

  for (let n = 1; n <= 20; n++) await insertEvent(pool, `Ev${n}`, { aggregateId: 'o1' });
  const row = await until('the failure is noted', async () => {
    const { rows } = await pool.query(
      'SELECT retry_count, next_retry_at, error_message FROM outbox WHERE retry_count >= 2 ORDER BY position LIMIT 1',
    );
    return rows[0];
  });
  assert.ok(row.next_retry_at instanceof Date);
  assert.match(row.error_message, /disabled/i);
  assert.equal(relay.monitor.isReady, false);
  fault.heal();
  await untilArrived(bus, 20);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    Array.from({ length: 20 }, (_, i) => `Ev${i + 1}`),
  );
  await untilAllMarked(pool);
  const { rowCount } = await pool.query(
    'SELECT FROM outbox WHERE next_retry_at IS NOT NULL OR error_message IS NOT NULL',
  );
  assert.equal(rowCount, 0);
  assert.equal(relay.monitor.isReady, true);
});

test('a clean stop and start repeats nothing and loses nothing', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  const write = async (from: number, to: number) => {
    for (let n = from; n <= to; n++) await insertEvent(pool, `Ev${n}`, { aggregateId: `o${n % 3}` });
  };

  const writing = write(1, 200);
  await untilArrived(bus, 20);
  await first.stop();
  await writing;
  const second = startRelay(t, { url, bus });
  await write(201, 220);
  await untilArrived(bus, 220);
  await untilAllMarked(pool);
  await second.stop();

  const ids = bus.journal.entries().map(({ messageId }) => messageId);
  assert.equal(ids.length, 220);
  assert.equal(new Set(ids).size, 220);
  // The last confirmation must reach the server too before the connection ends.
  const { rows } = await pool.query(
    'SELECT confirmed_flush_lsn = settled_lsn AS confirmed FROM pg_replication_slots JOIN relay_progress ON slot = slot_name',
  );
  assert.deepEqual(rows, [{ confirmed: true }]);
});

test('what is marked already when it comes again is not sent again', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  for (let n = 1; n <= 10; n++) await insertEvent(pool, `Ev${n}`);
  await untilArrived(bus, 10);
  await untilAllMarked(pool);
  await first.stop();

  // As after a crash of PostgreSQL, which sets the slot back to its last checkpoint, and of a relay that had marked
  // ahead of what it could store as settled.
  const slot = slotOf(url);
  await pool.query(`SELECT pg_drop_replication_slot($1)`, [slot]);
  await pool.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
  const { rows } = await pool.query<{ lsn: string }>(
    'SELECT confirmed_flush_lsn AS lsn FROM pg_replication_slots WHERE slot_name = $1',
    [slot],
  );
  for (let n = 11; n <= 20; n++) await insertEvent(pool, `Ev${n}`);
  await pool.query(
    `UPDATE outbox SET processed_at = now() WHERE message_type <> 'Ev15' AND processed_at IS NULL`,
  );
  await pool.query('UPDATE relay_progress SET settled_lsn = $1, marked_lsn = pg_current_wal_lsn()', [
    rows[0]?.lsn,
  ]);
  const second = startRelay(t, { url, bus });
  await untilArrived(bus, 11);
  await untilAllMarked(pool);

  assert.equal(second.monitor.counts.recoveries, 0);
  assert.equal(second.monitor.counts.alreadySettled, 9);
  assert.equal(arrivals(bus).at(-1)?.[0], 'Ev15');
  assert.equal(bus.journal.total, 11);
});

test('of two relays one stands by, and takes over when the first is gone', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  const second = startRelay(t, { url, bus });
  await until('the second stands by', () => second.monitor.phase === 'standby');
  assert.equal(second.monitor.isReady, true);

  await insertEvent(pool, 'One');
  await untilArrived(bus, 1);
  await first.stop();
  await insertEvent(pool, 'Two');
  await untilArrived(bus, 2);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    ['One', 'Two'],
  );
  await untilStreaming(second);
});

test('a slot that is dropped while the relay is away is made anew, and the table makes good what passed', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  await insertEvent(pool, 'Before');
  await untilArrived(bus, 1);
  await untilAllMarked(pool);
  await first.stop();

  await insertEvent(pool, 'Between');
  await pool.query('SELECT pg_drop_replication_slot($1)', [slotOf(url)]);
  await insertEvent(pool, 'Between too');
  const second = startRelay(t, { url, bus });
  await untilStreaming(second);
  await insertEvent(pool, 'After');
  await untilArrived(bus, 4);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    ['Before', 'Between', 'Between too', 'After'],
  );
});

test('a slot that somebody made anew, ahead of what is settled, is not trusted', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  await first.stop();

  await insertEvent(pool, 'Skipped by the new slot');
  await pool.query('SELECT pg_drop_replication_slot($1)', [slotOf(url)]);
  await pool.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slotOf(url)]);
  startRelay(t, { url, bus });
  await untilArrived(bus, 1);

  assert.deepEqual(arrivals(bus), [['Skipped by the new slot', '{}']]);
});

test('a stream that PostgreSQL ends is taken up again, without a repeat', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);

  for (let n = 1; n <= 60; n++) {
    await insertEvent(pool, `Ev${n}`, { aggregateId: 'o1' });
    if (n % 20 === 0) {
      await pool.query(
        'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1',
        [slotOf(url)],
      );
    }
  }
  await untilArrived(bus, 60);
  await untilAllMarked(pool);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    Array.from({ length: 60 }, (_, i) => `Ev${i + 1}`),
  );
});

// The waits added up, to 15 s after a handful of faults that had nothing to do with each other.
test('a stream that has lasted a while does not make the wait after its end longer', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const waits: unknown[] = [];
  const listening = (log: Logger): Logger =>
    Object.assign(Object.create(log) as Logger, {
      warn: ({ retryInMs }: { retryInMs?: number }) => waits.push(retryInMs),
    });
  const relay = startRelay(t, { url, bus, parts: ({ log }) => ({ log: listening(log), random: () => 1 }) });

  for (let round = 1; round <= 3; round++) {
    await until('the relay has been streaming for a while', () => {
      const { phase, phaseSince } = relay.monitor;
      return waits.length === round - 1 && phase === 'streaming' && Date.now() - phaseSince.getTime() > 1_200;
    });
    await pool.query(
      'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1',
      [slotOf(url)],
    );
    await until('it waits', () => waits.length === round);
  }

  assert.deepEqual(waits, [100, 100, 100]);
});

test('a publication that is missing is told, and when it is there again nothing has been lost', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  await first.stop();
  await pool.query('DROP PUBLICATION order_outbox');
  await insertEvent(pool, 'Unseen');

  const second = startRelay(t, { url, bus });
  await until('it says what is wrong', () =>
    second.monitor.lastError?.message.includes('The publication order_outbox does not exist'),
  );
  assert.equal(second.monitor.isReady, false);
  await pool.query(`CREATE PUBLICATION order_outbox FOR TABLE outbox WITH (publish = 'insert')`);
  await untilArrived(bus, 1);

  assert.deepEqual(arrivals(bus), [['Unseen', '{}']]);
});

test('a database without the tables ends the relay with the commands to run', async (t) => {
  const { url } = await createDatabase(t, EMPTY);
  const bus = new MemoryPublisher();

  const relay = startRelay(t, { url, bus });

  await assert.rejects(relay.running, {
    code: 'OUTBOX_INCOMPLETE',
    message: /The table outbox does not exist.*npm run db:migrate.*npm run outbox -- init/,
  });
});

test('a relay asks neither for migrations nor for orders', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  await pool.query('DROP SCHEMA drizzle CASCADE; DROP TABLE order_items, orders, idempotency_keys');
  await insertEvent(pool, 'Event');

  startRelay(t, { url, bus });

  await untilArrived(bus, 1);
});
