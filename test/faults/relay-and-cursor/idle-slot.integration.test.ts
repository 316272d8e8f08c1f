import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { cleanup } from '../../support/cleanup.ts';
import { createCluster } from '../../support/cluster.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { insertEvent, slotOf, startRelay, untilAllMarked, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

// A relay that confirms its own commits only stands still while others write, and the server keeps their WAL for it.

test('an idle slot follows while other tables of its database are busy', async (t) => {
  const { url, pool } = await createCluster(t);

  await followWhileBusy(t, url, pool, pool);
});

test('an idle slot follows while another database of the server is busy', async (t) => {
  const { postgres, url, pool } = await createCluster(t);
  await pool.query('CREATE DATABASE busy');
  const busy = new pg.Pool({ connectionString: postgres.url('busy') });
  cleanup(t, () => busy.end());

  await followWhileBusy(t, url, pool, busy);
});

async function followWhileBusy(t: TestContext, url: string, pool: pg.Pool, busy: pg.Pool): Promise<void> {
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  await insertEvent(pool, 'Only');
  await untilAllMarked(pool);

  for (let n = 1; n <= 4; n++) {
    await busy.query(
      `CREATE TABLE busy_${n} AS SELECT repeat(md5(n::text), 30) AS text FROM generate_series(1, 8000) n`,
    );
  }
  const { rows } = await pool.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn');
  await until('the server keeps none of that for the slot', async () => {
    await pool.query('CHECKPOINT'); // writes what a slot needs to let go of WAL, which a server does now and then
    const { rowCount } = await pool.query(
      'SELECT FROM pg_replication_slots WHERE slot_name = $1 AND confirmed_flush_lsn >= $2 AND restart_lsn >= $2',
      [slotOf(url), rows[0]?.lsn],
    );
    return rowCount === 1;
  });

  assert.equal(bus.journal.total, 1);
  assert.equal(relay.monitor.counts.sessions, 1);
}
