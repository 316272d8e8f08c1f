import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { eq } from 'drizzle-orm';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import type pg from 'pg';
import { createLogger } from '../../../src/core/log.ts';
import { openPool, type PoolOptions } from '../../../src/core/pool.ts';
import { learnBackend } from '../../../src/db/backend.ts';
import type { Connections } from '../../../src/db/connections.ts';
import type { Database } from '../../../src/db/database.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createCluster, openPool as openAdminPool } from '../../support/cluster.ts';
import { halfOpen, hangUp, loseAnswer, onCommit } from '../../support/commit-faults.ts';
import { createDatabase } from '../../support/database.ts';
import { openStandby, untilReplayed } from '../../support/standby.ts';
import { openTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';

const log = createLogger({ level: 'silent', service: 'test' });
const written = pgTable('written', { n: integer('n') });

/** Longer than any server takes to be back. */
const PATIENT = { statementTimeoutMs: 60_000 };
const NOT_STORED = { code: 'DATABASE_UNAVAILABLE' };
const UNCERTAIN = { code: 'COMMIT_UNCERTAIN' };

const isStored = async (db: Database) => (await db.select().from(written).where(eq(written.n, 1))).length > 0;

/** Writes a row, which an answer to COMMIT may never confirm. */
const write = (connections: Connections, stored = isStored) =>
  inTransaction(
    connections,
    async (db) => {
      await db.insert(written).values({ n: 1 }).execute();
      return 'committed';
    },
    { isStored: stored, timeoutMs: 60_000 },
  );

test('a transaction that commits while it is asked about is not taken for one that never will', async (t) => {
  const { url, pool: admin } = await createDatabase(t);
  const { pool, proxy } = await open(t, admin, url);
  let deliver: (() => void) | undefined;
  onCommit(proxy, admin, (data, link) => {
    deliver = () => link.server.write(data);
    link.silence();
    link.client.destroy();
  });
  const seen: boolean[] = [];

  const outcome = await write(pool, async (db) => {
    const stored = await isStored(db);
    seen.push(stored);
    if (!stored) {
      deliver?.();
      await until('it is committed', async () => (await rows(admin)) === 1);
    }
    return stored;
  });

  assert.deepEqual([outcome, seen], ['committed', [false, true]]);
});

for (const [when, expected] of [
  ['before', 'DATABASE_UNAVAILABLE'],
  ['after', 'committed'],
] as const) {
  test(`PostgreSQL that crashes right ${when} COMMIT and is back says what became of it`, async (t) => {
    const { url, pool: admin, postgres } = await createCluster(t);
    const { pool, proxy } = await open(t, admin, url, PATIENT);
    onCommit(proxy, admin, (_data, link) => {
      const crash = async () => {
        link.silence();
        await postgres.stop('kill');
        await postgres.start();
        link.client.destroy();
      };
      link.muteServer();
      if (when === 'before') void crash();
      else link.server.once('data', () => void crash());
    });

    const outcome = await write(pool).catch(({ code }) => code);

    assert.equal(outcome, expected);
    assert.equal(await rows(admin), expected === 'committed' ? 1 : 0);
  });
}

for (const [what, isReplicated] of [
  ['has the commit, it is committed', true],
  ['does not have the commit, it is uncertain', false],
] as const) {
  test(`after a failover to a stand-by that ${what}`, async (t) => {
    const { url, pool: admin, postgres } = await createCluster(t);
    const standby = await openStandby(t, postgres);
    const replica = openAdminPool(t, standby.url('orders'));
    const { pool, proxy } = await open(t, admin, url, PATIENT);
    await untilReplayed(admin, replica);
    if (!isReplicated) await standby.stop();
    let current: pg.Pool = pool;
    const failOver = async () => {
      if (isReplicated) await untilReplayed(admin, replica);
      await postgres.stop('kill');
      if (!isReplicated) await standby.start();
      await replica.query('SELECT pg_promote()');
      current = replica;
    };
    onCommit(proxy, admin, (_data, link) => {
      link.muteServer();
      link.server.once('data', () => {
        link.silence();
        void failOver().finally(() => link.client.destroy());
      });
    });

    const outcome = write({ connect: () => current.connect() });

    if (isReplicated) assert.equal(await outcome, 'committed');
    else await assert.rejects(outcome, UNCERTAIN);
    assert.equal(await rows(replica), isReplicated ? 1 : 0);
  });
}

test('a stand-by that is asked before its promotion is no witness of what it has not received', async (t) => {
  const { url, pool: admin, postgres } = await createCluster(t);
  const standby = await openStandby(t, postgres);
  const replica = openAdminPool(t, standby.url('orders'));
  const { pool, proxy } = await open(t, admin, url);
  await untilReplayed(admin, replica);
  await replica.query('SELECT pg_wal_replay_pause()');
  onCommit(proxy, admin, loseAnswer);
  let asked = 0;
  const sources = [pool, replica];

  const outcome = write({ connect: () => (sources[asked++ === 0 ? 0 : 1] as pg.Pool).connect() });

  await assert.rejects(outcome, UNCERTAIN);
  assert.deepEqual([await rows(admin), asked > 2], [1, true]);
});

test('a commit that no synchronous stand-by has is uncertain, though its rows can be seen', async (t) => {
  const { url, pool: admin } = await createCluster(t);
  const { pool, proxy } = await open(t, admin, url);
  await admin.query(`ALTER SYSTEM SET synchronous_standby_names = 'nobody'`);
  await admin.query('SELECT pg_reload_conf()');
  await until('commits wait', async () => {
    const { rows: shown } = await admin.query('SHOW synchronous_standby_names');
    return shown[0]?.synchronous_standby_names === 'nobody';
  });
  onCommit(proxy, admin, hangUp);

  await assert.rejects(write(pool), UNCERTAIN);
  assert.equal(await rows(admin), 1);
});

test('the process of a lost connection whose COMMIT never arrived is ended, and holds no locks', async (t) => {
  const { url, pool: admin } = await createDatabase(t);
  const { pool, proxy } = await open(t, admin, url);
  const pids = async () => {
    const { rows: found } = await admin.query(
      `SELECT pid FROM pg_stat_activity WHERE application_name = 'api' ORDER BY pid`,
    );
    return found.map(({ pid }) => pid);
  };
  onCommit(proxy, admin, halfOpen);

  await assert.rejects(write(pool), NOT_STORED);

  assert.equal((await pids()).length, 1);
  assert.equal(await rows(admin), 0);
});

/** A pool as the api has it, behind a proxy, and the table. */
async function open(
  t: TestContext,
  admin: pg.Pool,
  url: string,
  options: Partial<PoolOptions> = {},
): Promise<{ pool: pg.Pool; proxy: TcpProxy }> {
  await admin.query('CREATE TABLE written (n int)');
  const proxy = await openTcpProxy(t, Number(new URL(url).port));
  const behind = Object.assign(new URL(url), { port: String(proxy.port) }).href;
  const usual = { max: 2, applicationName: 'api', log, onConnect: learnBackend };
  const pool = openPool({ url: behind, ...usual, ...options });
  cleanup(t, () => pool.end());
  return { pool, proxy };
}

async function rows(pool: pg.Pool): Promise<number> {
  return (await pool.query('SELECT FROM written')).rowCount ?? 0;
}
