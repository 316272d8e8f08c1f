import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { createCluster } from '../../support/cluster.ts';
import { createDatabase } from '../../support/database.ts';
import { sqlBlock } from '../../support/documents.ts';
import { runOutboxIn } from '../../support/outbox-command.ts';
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
import { fillWal } from '../support/fill-wal.ts';

// Nobody reads a slot whose relay does not run, and the WAL that it keeps grows until the disk is full, or until somebody drops it.

/** A relay has sent an event, has stopped, and its slot keeps more than 5 MB with two events in it. */
async function leaveSlot(t: TestContext, { url, pool }: { url: string; pool: pg.Pool }) {
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  await insertEvent(pool, 'Ev1', { aggregateId: 'o1' });
  await untilArrived(bus, 1);
  await untilAllMarked(pool);
  await relay.stop();
  await insertEvent(pool, 'Ev2', { aggregateId: 'o1' });
  await fillWal(pool, 8);
  await insertEvent(pool, 'Ev3', { aggregateId: 'o1' });
  return bus;
}

const guard = (url: string, maxWal: string) =>
  runOutboxIn({ DATABASE_URL: url, RELAY_SLOT: slotOf(url) }, 'guard', '--max-wal', maxWal);

async function slotCount(pool: pg.Pool, slot: string): Promise<number | null> {
  return (await pool.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [slot])).rowCount;
}

test('every other relay loses events when its slot is dropped; this one settles from the table', async (t) => {
  const { postgres, ...database } = await createCluster(t);
  const { url, pool } = database;
  const bus = await leaveSlot(t, database);
  const slot = slotOf(url);

  const within = await guard(url, '1GB');
  const dropped = await guard(url, '5MB');
  const again = await guard(url, '5MB');
  // What a relay has that knows the slot alone: one that is made anew begins behind what was committed before.
  await pool.query("SELECT pg_create_logical_replication_slot('other_relay', 'pgoutput')");
  const { rowCount: seenByOther } = await pool.query(
    `SELECT FROM pg_logical_slot_peek_binary_changes('other_relay', NULL, NULL, 'proto_version', '1', 'publication_names', 'order_outbox')
     WHERE get_byte(data, 0) = ascii('I')`,
  );
  const relay = startRelay(t, { url, bus });
  await untilAllMarked(pool);

  assert.deepEqual([within.code, dropped.code, again.code], [0, 0, 0]);
  assert.match(within.stdout, /may keep/);
  assert.match(dropped.stdout, /Dropped the slot orders, which kept \d+ bytes of WAL/);
  assert.match(again.stdout, /There is no slot/);
  assert.equal(seenByOther, 0);
  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    ['Ev1', 'Ev2', 'Ev3'],
  );
  assert.equal(bus.journal.duplicates, 0);
  assert.equal(relay.monitor.recoveriesFor.slot_missing, 1);
  assert.equal(await slotCount(pool, slot), 1);
  const log = readFileSync(join(dirname(postgres.dataDir), 'postgres.log'), 'utf8');
  assert.match(log, /order-service dropped the inactive replication slot orders, which kept \d+ bytes/);
});

test('the same as SQL, for pg_cron', async (t) => {
  const database = await createDatabase(t);
  const { url, pool } = database;
  const bus = await leaveSlot(t, database);
  const bound = sqlBlock('guard').replace("'order_outbox'", `'${slotOf(url)}'`);

  await pool.query(bound);
  const before = await slotCount(pool, slotOf(url));
  await pool.query(bound.replace("'20GB'", "'5MB'"));
  const after = await slotCount(pool, slotOf(url));
  startRelay(t, { url, bus });
  await untilArrived(bus, 3);

  assert.deepEqual([before, after], [1, 0]);
});

test('a slot that a relay has is left alone, and the exit code says that it passes the bound', async (t) => {
  const { url, pool } = await createDatabase(t);
  const relay = startRelay(t, { url, bus: await createBus(t), slot: slotOf(url) });
  await untilStreaming(relay);
  // Open, it keeps the slot where it is.
  const open = await pool.connect();
  await open.query('BEGIN');
  await insertEvent(open, 'Open');
  await fillWal(pool, 8);

  const { code, stdout } = await guard(url, '5MB');
  await open.query('ROLLBACK');
  open.release();

  assert.equal(code, 1);
  assert.match(stdout, /a relay has it/);
  assert.equal(await slotCount(pool, slotOf(url)), 1);
});

test('a slot that is not a relay of this table is refused', async (t) => {
  const { url, pool } = await createDatabase(t);
  await pool.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [slotOf(url)]);
  await fillWal(pool, 8);

  const { code, stderr } = await guard(url, '5MB');
  await pool.query('SELECT pg_drop_replication_slot($1)', [slotOf(url)]);
  await pool.query("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [slotOf(url)]);
  const foreign = await guard(url, '5MB');

  assert.deepEqual([code, foreign.code], [1, 1]);
  assert.match(stderr, /No relay of outbox has worked with the slot/);
  assert.match(foreign.stderr, /is not a pgoutput slot of this database/);
  assert.equal(await slotCount(pool, slotOf(url)), 1);
});
