import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase } from '../support/database.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import {
  arrivals,
  connect,
  insertEvent,
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
