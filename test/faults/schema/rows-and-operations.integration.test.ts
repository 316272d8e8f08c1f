import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import {
  arrivals,
  connect,
  insertEvent,
  slotOf,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkLoadDelivered } from '../support/delivery.ts';
import { startLoad } from '../support/load.ts';

test('a row that its own transaction truncates away is sent from the WAL, and the slot moves on', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  const client = await connect(t, url);

  await client.query('BEGIN');
  await insertEvent(client, 'Fleeting', { aggregateId: 'o1', body: '{"n":1}' });
  await client.query('TRUNCATE outbox');
  await client.query('COMMIT');
  const behind = await walPosition(pool);
  await insertEvent(pool, 'After', { aggregateId: 'o1', body: '{"n":2}' });
  await untilArrived(bus, 2);

  assert.deepEqual(arrivals(bus), [
    ['Fleeting', '{"n": 1}'],
    ['After', '{"n": 2}'],
  ]);
  await untilSettled(pool, behind);
});

test('rows that are updated, deleted and truncated are no events, even in a publication of all operations', async (t) => {
  const { url, pool } = await createDatabase(t);
  await pool.query(`ALTER PUBLICATION order_outbox SET (publish = 'insert, update, delete, truncate')`);
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);

  for (let n = 1; n <= 20; n++) await insertEvent(pool, `Ev${n}`, { aggregateId: 'o1' });
  await untilAllMarked(pool);
  await pool.query('UPDATE outbox SET error_message = message_type, processed_at = NULL');
  await pool.query('UPDATE outbox SET processed_at = now()');
  await pool.query('DELETE FROM outbox WHERE position % 2 = 0');
  await pool.query('TRUNCATE outbox');
  const behind = await walPosition(pool);
  await insertEvent(pool, 'Last', { aggregateId: 'o1' });
  await untilAllMarked(pool);
  await untilSettled(pool, behind);

  const expected = [...Array.from({ length: 20 }, (_, i) => `Ev${i + 1}`), 'Last'];
  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    expected,
  );
  assert.equal(relay.monitor.counts.received, 21);
});

test('rows are marked and deleted under load although the table has no replica identity, through a restart and the loss of the slot', async (t) => {
  const { url, pool } = await createDatabase(t);
  await pool.query('ALTER TABLE outbox REPLICA IDENTITY NOTHING');
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  const load = startLoad(t, url);

  let deleted = 0;
  const clean = async () => {
    // A publication of deletes would refuse it here, in whoever cleans up: 55000.
    const { rowCount } = await pool.query('DELETE FROM outbox WHERE processed_at IS NOT NULL');
    deleted += rowCount ?? 0;
    return deleted;
  };
  await until('settled rows are deleted', async () => (await clean()) > 50);
  await first.stop();
  await pool.query('SELECT pg_drop_replication_slot($1)', [slotOf(url)]);
  const second = startRelay(t, { url, bus });
  await untilStreaming(second);
  const before = deleted;
  await until('and after the restart', async () => (await clean()) > before + 50);

  assert.deepEqual(await checkLoadDelivered(bus, load), []);
});

async function walPosition(pool: pg.Pool): Promise<string> {
  const { rows } = await pool.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn');
  return rows[0]?.lsn ?? '';
}

async function untilSettled(pool: pg.Pool, lsn: string): Promise<void> {
  await until('the progress is stored behind it', async () => {
    const { rowCount } = await pool.query('SELECT FROM relay_progress WHERE settled_lsn >= $1', [lsn]);
    return rowCount === 1;
  });
}
