import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { confirmDatabase } from '../../../relay/admin/confirm-database.ts';
import { createCluster, createOtherCluster } from '../../support/cluster.ts';
import { createDatabase } from '../../support/database.ts';
import { runOutboxIn } from '../../support/outbox-command.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import {
  arrivals,
  createBus,
  insertEvent,
  slotOf,
  startRelay,
  type TestRelay,
  untilAllMarked,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { backUp, promote, restore } from '../support/cluster-history.ts';

test('a backup restored under a running relay is noticed: nothing is sent until an operator confirms', async (t) => {
  const { url, pool, postgres } = await createCluster(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  await insertEvent(pool, 'Before', { aggregateId: 'o1' });
  await untilAllMarked(pool);
  await backUp(postgres);
  await insertEvent(pool, 'Gone', { aggregateId: 'o1' });
  await untilSent(bus, 2);
  await untilAllMarked(pool);

  await restore(postgres);
  await insertEvent(pool, 'After', { aggregateId: 'o1' });
  await untilSetBack(relay, /epoch \d+, settled to .*, and this relay has seen epoch \d+.*outbox -- confirm/);
  await untilLookedAgain(relay);

  assert.equal(relay.monitor.isReady, false);
  assert.equal(bus.journal.total, 2);
  assert.equal(await activeSlots(pool), 0);
  const confirmed = await runOutboxIn({ DATABASE_URL: url, RELAY_SLOT: slotOf(url) }, 'confirm');
  assert.equal(confirmed.code, 0);
  assert.match(confirmed.stdout, /goes on with this database: cluster \d+, timeline 1\./);
  await untilSent(bus, 3);
  await untilAllMarked(pool);
  assert.deepEqual(
    arrivals(bus).map(([type]) => type),
    ['Before', 'Gone', 'After'],
  );
  await insertEvent(pool, 'Streamed', { aggregateId: 'o1' });
  await untilSent(bus, 4);
  assert.ok(relay.monitor.recoveriesFor.not_settled > 0);
  assert.equal(bus.journal.duplicates, 0);
});

test('a relay that has something in flight when the backup is restored notices it too, and so does a stand-by', async (t) => {
  const { url, pool, postgres } = await createCluster(t);
  const bus = await createBus(t);
  const relays = [startRelay(t, { url, bus })];
  await until('it streams', () => relays[0]?.monitor.phase === 'streaming');
  await backUp(postgres);
  await until('it streams again', () => relays[0]?.monitor.phase === 'streaming');
  relays.push(startRelay(t, { url, bus }));
  await until('one stands by', () => relays.some(({ monitor }) => monitor.phase === 'standby'));
  await insertEvent(pool, 'Gone');
  await untilAllMarked(pool);
  const slow = bus.faults.inject({ kind: 'latency', delayMs: 3_000 });
  await insertEvent(pool, 'InFlight');
  await untilSent(bus, 2);

  await restore(postgres);
  slow.heal();
  for (const relay of relays) await untilSetBack(relay, /this relay has seen/);
  await confirmDatabase(pool, OUTBOX, slotOf(url));
  await insertEvent(pool, 'After');
  await untilSent(bus, 3);
  await untilAllMarked(pool);

  assert.deepEqual(
    arrivals(bus).map(([type]) => type),
    ['Gone', 'InFlight', 'After'],
  );
  await until('one streams, the other stands by', () => {
    const phases = relays.map(({ monitor }) => monitor.phase).sort();
    return phases.join() === 'standby,streaming';
  });
});

test('progress that has gone while the relay runs is a database that was set back', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  await pool.query('DELETE FROM relay_progress');
  await pool.query('SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1', [
    slotOf(url),
  ]);

  await untilSetBack(relay, /it has no progress at all, and this relay has seen epoch/);
  await confirmDatabase(pool, OUTBOX, slotOf(url));
  await insertEvent(pool, 'After');

  await untilSent(bus, 1);
});

test('the rows of another cluster are sent only when an operator confirms, and what was published stays so', async (t) => {
  const [old, restored] = [await createCluster(t), await createOtherCluster(t)];
  const bus = await createBus(t);
  const first = startRelay(t, { url: old.url, bus });
  await untilStreaming(first);
  await insertEvent(old.pool, 'Published');
  await untilAllMarked(old.pool);
  await first.stop();
  await insertEvent(old.pool, 'Unsettled');
  for (const table of ['outbox', 'relay_progress']) await copyRows(old.pool, restored.pool, table);

  const second = startRelay(t, { url: restored.url, bus });
  await untilSetBack(second, /was written in the cluster \d+, and this is the cluster \d+/);
  await untilLookedAgain(second);

  assert.equal(bus.journal.total, 1);
  const { rows } = await restored.pool.query('SELECT FROM pg_replication_slots');
  assert.equal(rows.length, 0);
  await confirmDatabase(restored.pool, OUTBOX, slotOf(restored.url));
  await untilSent(bus, 2);
  await untilAllMarked(restored.pool);
  assert.deepEqual(
    arrivals(bus).map(([type]) => type),
    ['Published', 'Unsettled'],
  );
});

for (const slotCarriedOver of [true, false]) {
  const which = slotCarriedOver ? 'with the slot' : 'without the slot';
  test(`a promoted standby ${which} is gone on with, nothing lost or repeated`, async (t) => {
    const { url, pool, postgres } = await createCluster(t);
    const bus = await createBus(t);
    const relay = startRelay(t, { url, bus });
    await untilStreaming(relay);
    await insertEvent(pool, 'Before', { aggregateId: 'o1' });
    await untilAllMarked(pool);
    const broken = bus.faults.inject({ kind: 'quotaExceeded' });
    await insertEvent(pool, 'Between', { aggregateId: 'o1' });
    await until('it cannot be sent', () => relay.monitor.figures.failures > 0);

    await promote(postgres, pool, { slotsLeftOut: !slotCarriedOver });
    broken.heal();
    await insertEvent(pool, 'After', { aggregateId: 'o1' });
    await untilSent(bus, 3);
    await untilAllMarked(pool);

    assert.deepEqual(
      arrivals(bus).map(([type]) => type),
      ['Before', 'Between', 'After'],
    );
    assert.equal(bus.journal.duplicates, 0);
    const { rows } = await pool.query('SELECT timeline FROM relay_progress');
    assert.deepEqual(rows, [{ timeline: 2 }]);
    const { slot_missing } = relay.monitor.recoveriesFor;
    assert.equal(slot_missing, slotCarriedOver ? 1 : 2, 'the first start is one');
  });
}

async function untilSent(bus: LocalServiceBus, count: number): Promise<void> {
  // It looks every few seconds only.
  await until(`the broker has ${count} messages`, () => bus.journal.total >= count);
}

async function untilSetBack({ monitor }: TestRelay, message: RegExp): Promise<void> {
  // A mark in between may notice it first, and says less; the next look says what is wrong.
  await until('it says how the database was set back', () => message.test(monitor.lastError?.message ?? ''));
  assert.deepEqual([monitor.phase, monitor.lastError?.code], ['set-back', 'DATABASE_SET_BACK']);
}

async function untilLookedAgain({ monitor }: TestRelay): Promise<void> {
  const before = monitor.lastError?.at;
  await until('it has looked again', () => monitor.lastError?.at !== before);
}

async function activeSlots(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ active: number }>(
    'SELECT count(*)::int AS active FROM pg_replication_slots WHERE active',
  );
  return rows[0]?.active ?? 0;
}

/** As a dump and its restore do. */
async function copyRows(from: pg.Pool, to: pg.Pool, table: string): Promise<void> {
  const { rows } = await from.query<{ rows: string }>(`SELECT jsonb_agg(t)::text AS rows FROM ${table} t`);
  await to.query(
    `INSERT INTO ${table} OVERRIDING SYSTEM VALUE SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1)`,
    [rows[0]?.rows],
  );
}
