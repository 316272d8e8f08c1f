import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import {
  arrivals,
  createBus,
  insertEvent,
  slotOf,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { checkLoadDelivered } from '../support/delivery.ts';
import { startLoad } from '../support/load.ts';

test('columns that come, go and change their type under load lose nothing and repeat nothing', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  const load = startLoad(t, url);

  for (const type of ['varchar(200)', 'text', 'varchar(300)', 'text', 'varchar(400)', 'text']) {
    await pool.query(`ALTER TABLE outbox ADD COLUMN extra integer NOT NULL DEFAULT 7`);
    await load.more(10);
    // Both rewrite the table: its rows are written anew, and must not be taken for new ones.
    await pool.query(`ALTER TABLE outbox ALTER COLUMN extra TYPE text USING extra::text || 'x'`);
    await pool.query(`ALTER TABLE outbox ALTER COLUMN aggregate_id TYPE ${type} USING aggregate_id || ''`);
    await load.more(10);
    await pool.query('ALTER TABLE outbox DROP COLUMN extra');
    await load.more(10);
  }

  assert.deepEqual(await checkLoadDelivered(bus, load), []);
  await untilAllMarked(pool);
  assert.ok(bus.journal.entries().every((entry) => entry.applicationProperties['aggregateId']));
});

test('a migration of the next release under load loses and repeats nothing, and this release starts again after it', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  const load = startLoad(t, url);
  await load.more(20);

  await pool.query(
    `BEGIN; ALTER TABLE outbox ADD COLUMN priority integer NOT NULL DEFAULT 0;
     CREATE INDEX ON outbox (priority); ALTER TABLE orders ADD COLUMN note text; ALTER TABLE relay_progress ADD COLUMN note text;
     INSERT INTO drizzle.__drizzle_migrations (hash, created_at)
       SELECT 'next', max(created_at) + 1 FROM drizzle.__drizzle_migrations; COMMIT`,
  );
  await load.more(20);
  await first.stop();
  const second = startRelay(t, { url, bus });
  await untilStreaming(second);
  await load.more(20);

  assert.deepEqual(await checkLoadDelivered(bus, load), []);
  await untilAllMarked(pool);
});

test('without a required column the relay ends instead of skipping; mended, and its slot dropped, the table has all of it', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  await insertEvent(pool, 'Before');
  await untilArrived(bus, 1);
  await untilAllMarked(pool);

  await pool.query('ALTER TABLE outbox RENAME COLUMN message_type TO kind');
  await pool.query(
    `INSERT INTO outbox (message_id, kind, message_body) VALUES (gen_random_uuid(), 'Meanwhile', '{}')`,
  );
  await assert.rejects(first.running, { code: 'OUTBOX_UNREADABLE', message: /without message_type/ });
  await first.stop();
  await pool.query('ALTER TABLE outbox RENAME COLUMN kind TO message_type');
  // What was written meanwhile stays as it was in the WAL: no relay can read past it.
  const second = startRelay(t, { url, bus });
  await assert.rejects(second.running, { code: 'OUTBOX_UNREADABLE' });
  await second.stop();
  await pool.query('SELECT pg_drop_replication_slot($1)', [slotOf(url)]);
  startRelay(t, { url, bus });
  await insertEvent(pool, 'After');
  await untilArrived(bus, 3);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    ['Before', 'Meanwhile', 'After'],
  );
});
