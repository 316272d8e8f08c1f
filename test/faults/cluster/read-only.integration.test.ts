import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import {
  insertEvent,
  insertEvents,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { untilToldAndTried } from '../support/told.ts';

const TAKES_NO_WRITES = /\(25006\): this server takes no writes/;
const parts = () => ({ progressWatch: { everyMs: 20, stalledAfterMs: 200 } });

test('a database that is read-only by default is written to all the same', async (t) => {
  const { url, name, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  await insertEvent(pool, 'Before');
  await pool.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);

  const relay = startRelay(t, { url, bus });

  await untilAllMarked(pool);
  await untilStreaming(relay);
  assert.equal(bus.journal.total, 1);
});

test('a server that refuses writes while rows come is told and not ready; when it takes them again nothing comes twice', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url, bus, parts });
  await untilStreaming(relay);

  await refuseWrites(pool, 'outbox');
  await insertEvents(pool, 3, () => ({ type: 'Unmarked' }));
  await untilArrived(bus, 3);
  await until('it is told', () => TAKES_NO_WRITES.test(relay.monitor.lastError?.message ?? ''));
  await until('it is not ready', () => relay.monitor.blocked?.by === 'marking');
  assert.equal(relay.monitor.isReady, false);
  await pool.query('DROP TRIGGER read_only ON outbox');

  await untilAllMarked(pool);
  await until('it is ready', () => relay.monitor.isReady);
  assert.equal(bus.journal.total, 3);
});

test('a server that refuses writes at the start is told, and tried again', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  await insertEvent(pool, 'Waiting');
  await refuseWrites(pool, 'relay_progress');

  const relay = startRelay(t, { url, bus });
  await untilToldAndTried(relay, TAKES_NO_WRITES);
  await pool.query('DROP TRIGGER read_only ON relay_progress');

  await untilAllMarked(pool);
  await untilStreaming(relay);
});

/** As a managed server does whose disk is nearly full: what its clients set does not matter. */
async function refuseWrites(pool: pg.Pool, table: string): Promise<void> {
  await pool.query(
    `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
     BEGIN RAISE EXCEPTION 'cannot execute % in a read-only transaction', TG_OP USING ERRCODE = 'read_only_sql_transaction'; END $$;
     CREATE TRIGGER read_only BEFORE UPDATE OR INSERT OR DELETE ON ${table} FOR EACH STATEMENT
     WHEN (current_setting('application_name') LIKE 'relay%') EXECUTE FUNCTION refuse()`,
  );
}
