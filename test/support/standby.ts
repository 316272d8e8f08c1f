import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type pg from 'pg';
import type { LocalPostgres } from '../../dev/postgres.ts';
import { openCluster } from './cluster.ts';
import { until } from './until.ts';

/** What a stand-by is set to that copies the slots of its primary. */
export const SYNCHRONIZES_SLOTS = {
  primary_slot_name: 'standby',
  hot_standby_feedback: 'on',
  sync_replication_slots: 'on',
};

/** A hot stand-by that streams from this cluster, made from a cold copy of it; with a slot of the primary's if the settings name one. */
export async function openStandby(
  t: TestContext,
  primary: LocalPostgres,
  settings: Record<string, string> = {},
): Promise<LocalPostgres> {
  const standby = await openCluster(t, { hot_standby: 'on', ...settings });
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
    `primary_conninfo = 'host=127.0.0.1 port=${primary.port} user=postgres dbname=postgres'\n`,
  );
  spawnSync('chown', ['-R', `--reference=${primary.dataDir}`, dataDir]);
  spawnSync('chmod', ['0700', dataDir]);
  await standby.start();
  return standby;
}

/** Waits until the stand-by has replayed all that the primary has written so far. */
export async function untilReplayed(primary: pg.Pool, standby: pg.Pool): Promise<void> {
  const { rows } = await primary.query<{ lsn: string }>('SELECT pg_current_wal_lsn() AS lsn');
  await until('the stand-by has all of it', async () => {
    const { rowCount } = await standby.query('SELECT WHERE pg_last_wal_replay_lsn() >= $1::pg_lsn', [
      rows[0]?.lsn,
    ]);
    return rowCount === 1;
  });
}
