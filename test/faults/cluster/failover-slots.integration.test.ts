import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { createCluster, openPool } from '../../support/cluster.ts';
import { createDatabase } from '../../support/database.ts';
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
import { openStandby, SYNCHRONIZES_SLOTS, untilReplayed } from '../../support/standby.ts';
import { until } from '../../support/until.ts';

// Failover slots are of PostgreSQL 17 and later. https://www.postgresql.org/docs/current/logicaldecoding-explanation.html#LOGICALDECODING-REPLICATION-SLOTS-SYNCHRONIZATION

interface SlotState {
  readonly failover: boolean;
  readonly synced: boolean;
  readonly temporary: boolean;
}

async function slotState(pool: pg.Pool, name: string): Promise<SlotState | undefined> {
  const { rows } = await pool.query<SlotState>(
    'SELECT failover, synced, temporary FROM pg_replication_slots WHERE slot_name = $1',
    [name],
  );
  return rows[0];
}

async function knowsFailover(t: TestContext, pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query("SELECT current_setting('server_version_num')::int >= 170000 AS knows");
  if (!rows[0]?.knows) t.skip('PostgreSQL has failover slots from 17 on');
  return rows[0]?.knows;
}

function inOrder(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `Ev${n + 1}`);
}

test('promoted with a copy of the slot, the stream goes on there: nothing is lost, and nothing that is marked comes again', async (t) => {
  const { postgres, ...primary } = await createCluster(t);
  if (!(await knowsFailover(t, primary.pool))) return;
  const bus = await createBus(t);
  const before = startRelay(t, { url: primary.url, bus });
  let sent = 0;
  const insert = (pool: pg.Pool) => insertEvent(pool, `Ev${++sent}`, { aggregateId: 'o1' });
  await untilStreaming(before);
  await primary.pool.query("SELECT pg_create_physical_replication_slot('standby')");
  const standby = await openStandby(t, postgres, SYNCHRONIZES_SLOTS);
  const replica = openPool(t, standby.url('orders'));

  // The copy becomes one that lasts only as the slot moves on, which the log of snapshots lets it do.
  await until('the stand-by has a copy that lasts', async () => {
    await insert(primary.pool);
    await primary.pool.query('SELECT pg_log_standby_snapshot()');
    const copy = await slotState(replica, 'orders');
    return copy?.synced === true && !copy.temporary;
  });
  await untilAllMarked(primary.pool);
  await insert(primary.pool);
  await untilAllMarked(primary.pool);
  await untilReplayed(primary.pool, replica);
  await postgres.stop('kill');
  await before.stop();
  await replica.query('SELECT pg_promote()');
  const after = startRelay(t, { url: standby.url('orders'), bus });
  await insert(replica);
  await untilAllMarked(replica);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    inOrder(sent),
  );
  assert.equal(bus.journal.duplicates, 0);
  assert.equal(after.monitor.counts.recoveries, 0);
  const slot = await slotState(replica, 'orders');
  assert.deepEqual(slot, { failover: true, synced: true, temporary: false });
});

test('promoted before the slot was copied, the table makes it good, and the new slot is one for stand-bys again', async (t) => {
  const { postgres, ...primary } = await createCluster(t);
  if (!(await knowsFailover(t, primary.pool))) return;
  const standby = await openStandby(t, postgres, { ...SYNCHRONIZES_SLOTS, sync_replication_slots: 'off' });
  await primary.pool.query("SELECT pg_create_physical_replication_slot('standby')");
  const replica = openPool(t, standby.url('orders'));
  const bus = await createBus(t);
  const before = startRelay(t, { url: primary.url, bus });
  await insertEvent(primary.pool, 'Ev1', { aggregateId: 'o1' });
  await untilArrived(bus, 1);
  await untilAllMarked(primary.pool);
  await before.stop();
  await insertEvent(primary.pool, 'Ev2', { aggregateId: 'o1' });
  await untilReplayed(primary.pool, replica);

  await postgres.stop('kill');
  await replica.query('SELECT pg_promote()');
  const after = startRelay(t, { url: standby.url('orders'), bus });
  await insertEvent(replica, 'Ev3', { aggregateId: 'o1' });
  await untilAllMarked(replica);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    inOrder(3),
  );
  assert.equal(bus.journal.duplicates, 0);
  assert.equal(after.monitor.recoveriesFor.slot_missing, 1);
  assert.equal((await slotState(replica, 'orders'))?.failover, true);
});

test('a slot that was made without it is altered by the next relay, which goes on with it', async (t) => {
  const { url, pool } = await createDatabase(t);
  if (!(await knowsFailover(t, pool))) return;
  const bus = await createBus(t);
  const start = (slotFailover: 'auto' | 'on' | 'off') =>
    startRelay(t, { url, bus, parts: () => ({ slotFailover }) });
  const without = start('off');
  await untilStreaming(without);
  const made = await slotState(pool, slotOf(url));
  await without.stop();
  await insertEvent(pool, 'Waiting');

  const relay = start('on');
  await untilArrived(bus, 1);

  assert.equal(made?.failover, false);
  assert.equal((await slotState(pool, slotOf(url)))?.failover, true);
  assert.equal(relay.monitor.counts.recoveries, 0);
  await relay.stop();
  const off = start('off');
  await untilStreaming(off);
  assert.equal((await slotState(pool, slotOf(url)))?.failover, false);
});
