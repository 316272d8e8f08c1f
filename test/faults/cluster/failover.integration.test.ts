import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type LocalPostgres, openPostgres } from '../../../dev/postgres.ts';
import { cleanup } from '../../support/cleanup.ts';
import {
  arrivals,
  createBus,
  insertEvent,
  startRelay,
  untilAllMarked,
  untilArrived,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { createCluster, openPool } from '../support-b/cluster.ts';

test('after a failover to a stand-by, which has no slot, the relay sends what is unsettled there and repeats nothing that is marked', async (t) => {
  const { postgres, database } = await createCluster(t);
  const standby = await openStandby(t, postgres);
  const bus = await createBus(t);
  const before = startRelay(t, { url: database.url, bus });
  for (let n = 1; n <= 20; n++) await insertEvent(database.pool, `Ev${n}`, { aggregateId: 'o1' });
  await untilArrived(bus, 20);
  await untilAllMarked(database.pool);
  await before.stop();
  for (let n = 21; n <= 30; n++) await insertEvent(database.pool, `Ev${n}`, { aggregateId: 'o1' });
  const { rows } = await database.pool.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn');

  const replica = openPool(t, standby.url('orders'));
  await until('the stand-by has all of it', async () => {
    const { rowCount } = await replica.query('SELECT WHERE pg_last_wal_replay_lsn() >= $1::pg_lsn', [
      rows[0]?.lsn,
    ]);
    return rowCount === 1;
  });
  await postgres.stop('kill');
  await replica.query('SELECT pg_promote()');
  const after = startRelay(t, { url: standby.url('orders'), bus });
  await insertEvent(replica, 'Ev31', { aggregateId: 'o1' });
  await untilAllMarked(replica);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    Array.from({ length: 31 }, (_, n) => `Ev${n + 1}`),
  );
  await until('it is ready', () => after.monitor.isReady);
});

/** A hot stand-by that streams from this cluster, made from a cold copy of it. */
async function openStandby(t: TestContext, primary: LocalPostgres): Promise<LocalPostgres> {
  const standby = await openPostgres({ settings: { fsync: 'off', hot_standby: 'on' } });
  cleanup(t, () => standby.close());
  await standby.stop();
  await primary.stop();
  const { dataDir } = standby;
  rmSync(dataDir, { recursive: true });
  cpSync(primary.dataDir, dataDir, { recursive: true });
  await primary.start();
  for (const slot of readdirSync(join(dataDir, 'pg_replslot'))) {
    rmSync(join(dataDir, 'pg_replslot', slot), { recursive: true });
  }
  writeFileSync(join(dataDir, 'standby.signal'), '');
  writeFileSync(
    join(dataDir, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${primary.port} user=postgres'\n`,
  );
  spawnSync('chown', ['-R', `--reference=${primary.dataDir}`, dataDir]);
  spawnSync('chmod', ['0700', dataDir]);
  await standby.start();
  return standby;
}
