import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase } from '../support/database.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import {
  arrivals,
  insertEvent,
  slotOf,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../support/relay.ts';
import { until } from '../support/until.ts';

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
