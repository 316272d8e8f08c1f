import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'drizzle-orm';
import { errorCode } from '../../../src/core/errors.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { type PoolerUse, pooledSession } from '../../../src/core/session-settings.ts';
import type { Database } from '../../../src/db/database.ts';
import { read } from '../../../src/db/reader.ts';
import { orders } from '../../../src/db/schema.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { createDatabase } from '../../support/database.ts';

// What the api does where a pooler is said to be between. A real one: test/faults/cluster/pooler.system.test.ts

const HOSTILE = {
  default_transaction_isolation: 'serializable',
  default_transaction_read_only: 'on',
  statement_timeout: '7s',
  row_security: 'on',
  TimeZone: 'America/Caracas',
};
const OURS = {
  transaction_isolation: 'read committed',
  transaction_read_only: 'off',
  statement_timeout: '3s',
  lock_timeout: '3s',
  row_security: 'off',
  TimeZone: 'UTC',
};

async function openOne(t: TestContext, pooler: PoolerUse) {
  const { url, name, pool: admin } = await createDatabase(t);
  for (const [setting, value] of Object.entries(HOSTILE)) {
    await admin.query(`ALTER DATABASE ${name} SET ${setting} = '${value}'`);
  }
  const log = createLogger({ level: 'silent', service: 'test' });
  const pool = openPool({ url, max: 1, applicationName: 'one', log, statementTimeoutMs: 3_000, pooler });
  t.after(() => pool.end());
  return pool;
}

async function settingsOf(db: Database, names: readonly string[]): Promise<Record<string, unknown>> {
  const columns = names.map((name) => sql`current_setting(${name}) as ${sql.identifier(name)}`);
  const { rows } = await db.execute(sql`select ${sql.join(columns, sql`, `)}`);
  return rows[0] ?? {};
}

test('behind a pooler each transaction has its settings, and leaves none of them and no statement in the session', async (t) => {
  const pool = await openOne(t, 'certain');
  const columns = Object.keys(HOSTILE).map((name) => `current_setting('${name}') AS "${name}"`);

  const within = await inTransaction(pool, async (db) => {
    await db.select({ id: orders.orderId }).from(orders).prepare('named').execute();
    return settingsOf(db, Object.keys(OURS));
  });
  const { rows: left } = await pool.query(
    `SELECT ${columns.join(', ')}, (SELECT count(*)::int FROM pg_prepared_statements) AS statements`,
  );

  assert.deepEqual(within, OURS);
  assert.deepEqual(left, [{ ...HOSTILE, statements: 0 }]);
});

test('behind a pooler a reading statement has its settings, and one that fails leaves the next alone', async (t) => {
  const pool = await openOne(t, 'certain');
  const { transaction_isolation: _, transaction_read_only: __, ...ours } = OURS;

  const fails = read(pool, (db) => db.execute(sql`select 1 / 0`).execute());
  await assert.rejects(fails, (error) => errorCode(error) === '22012');

  assert.deepEqual(await read(pool, (db) => settingsOf(db, Object.keys(ours))), ours);
});

test('a connection that goes straight to PostgreSQL is none of a pooler, and its session keeps the settings', async (t) => {
  const pool = await openOne(t, 'found');

  const client = await pool.connect();
  const pooled = pooledSession(client);
  client.release();
  const { rows } = await pool.query('SHOW statement_timeout');

  assert.equal(pooled, undefined);
  assert.deepEqual(rows, [{ statement_timeout: '3s' }]);
});
