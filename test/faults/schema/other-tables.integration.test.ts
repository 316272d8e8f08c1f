import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspectPublication } from '../../../relay/replication/publication.ts';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import {
  connect,
  insertEvent,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';

test('a column of somebody else that PostgreSQL generates is no fault of the publication', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  await pool.query(`ALTER TABLE outbox ADD COLUMN n text GENERATED ALWAYS AS (message_body ->> 'i') STORED`);

  const { version } = await inspectPublication(pool, 'order_outbox', OUTBOX);
  assert.match(version, /^\d+\.\d+ \d+\.\d+$/);
  startRelay(t, { url, bus });
  await insertEvent(pool, 'Event', { body: '{"i": 1}' });

  await untilArrived(bus, 1);
  await untilAllMarked(pool);
});

test('with the tables in another schema of the search_path the relay works, and its advice names that schema', async (t) => {
  const { url, name, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  await pool.query(
    `CREATE SCHEMA app; ALTER TABLE outbox SET SCHEMA app; ALTER TABLE relay_progress SET SCHEMA app;
     ALTER DATABASE ${name} SET search_path = app`,
  );
  const db = await connect(t, url);
  const relay = startRelay(t, { url, bus });
  await insertEvent(db, 'First');
  await untilAllMarked(db);
  await untilStreaming(relay);

  await db.query('ALTER PUBLICATION order_outbox DROP TABLE app.outbox');
  await insertEvent(db, 'Unpublished');
  const advice = await until(
    'it is told',
    () => /ALTER PUBLICATION \.\.\. SET TABLE .*$/.exec(relay.monitor.lastError?.message ?? '')?.[0],
  );
  assert.equal(advice, 'ALTER PUBLICATION ... SET TABLE app.outbox');
  await pool.query(advice.replace('...', 'order_outbox'));

  await untilArrived(bus, 2);
  await untilAllMarked(db);
});
