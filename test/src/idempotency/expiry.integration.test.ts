import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import { createLogger } from '../../../src/core/log.ts';
import { removeExpired } from '../../../src/idempotency/answer-store.ts';
import { startExpiry } from '../../../src/idempotency/expiry.ts';
import { createDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

const log = createLogger({ level: 'silent', service: 'test' });

test('what is older than a day goes, a bounded number at a time, and nothing else', async (t) => {
  const { pool } = await createDatabase(t);
  await insertKeys(pool, 'old', 5, '24 hours 1 second');
  await insertKeys(pool, 'new', 3, '23 hours 59 minutes');
  const db = drizzle(pool);

  const removed = [await removeExpired(db, 2), await removeExpired(db, 2), await removeExpired(db, 2)];

  assert.deepEqual(removed, [2, 2, 1]);
  assert.deepEqual(await keysLeft(pool), ['new1', 'new2', 'new3']);
});

test('a row that somebody holds is passed over, not waited for', async (t) => {
  const { pool } = await createDatabase(t);
  await insertKeys(pool, 'old', 3, '2 days');
  const holder = await pool.connect();
  await holder.query('BEGIN');
  await holder.query(`SELECT FROM idempotency_keys WHERE key = 'old2' FOR UPDATE`);

  const removed = await removeExpired(drizzle(pool), 10);

  assert.equal(removed, 2);
  await holder.query('ROLLBACK');
  holder.release();
});

test('finding what is expired does not read what is not', async (t) => {
  const { pool } = await createDatabase(t);
  await insertKeys(pool, 'new', 20_000, '1 hour');
  await insertKeys(pool, 'old', 10, '2 days');
  await pool.query('ANALYZE idempotency_keys');
  const before = await rowsReadInOrder(pool);

  await removeExpired(drizzle(pool), 5);

  await until('the statistics are there', async () => (await rowsDeleted(pool)) === 5);
  assert.equal(await rowsReadInOrder(pool), before);
});

test('turns follow each other until there is no more, a failure is survived, and a stop is the end', async (t) => {
  const { pool } = await createDatabase(t);
  await insertKeys(pool, 'old', 25, '2 days');
  await pool.query('ALTER TABLE idempotency_keys RENAME TO away');
  const lines: string[] = [];
  const written = createLogger({
    level: 'warn',
    service: 'test',
    destination: { write: (line) => lines.push(line) },
  });
  const expiry = startExpiry({ pool, log: written, batch: 10, pauseMs: 1, intervalMs: 20 });
  t.after(() => expiry.stop());

  await until('a turn has failed', () => lines.some((line) => line.includes('Could not remove')));
  await pool.query('ALTER TABLE away RENAME TO idempotency_keys');
  await until('all are gone', async () => (await keysLeft(pool)).length === 0);
  await expiry.stop();
  await insertKeys(pool, 'late', 1, '2 days');
  const another = startExpiry({ pool, log, intervalMs: 60_000 });
  await another.stop();

  assert.deepEqual(await keysLeft(pool), ['late1']);
});

async function insertKeys(pool: pg.Pool, name: string, count: number, age: string): Promise<void> {
  await pool.query(
    `INSERT INTO idempotency_keys (scope, route, key, fingerprint, status, headers, body, created_at)
     SELECT 'anonymous', 'POST /', $1 || n, '', 201, '{}', '{}', now() - $3::interval FROM generate_series(1, $2) n`,
    [name, count, age],
  );
}

async function keysLeft(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query('SELECT key FROM idempotency_keys ORDER BY 1');
  return rows.map(({ key }) => key);
}

const rowsReadInOrder = (pool: pg.Pool) => statistic(pool, 'seq_tup_read');
const rowsDeleted = (pool: pg.Pool) => statistic(pool, 'n_tup_del');

async function statistic(pool: pg.Pool, column: string): Promise<number> {
  const { rows } = await pool.query(
    `SELECT ${column}::int AS value FROM pg_stat_user_tables WHERE relname = 'idempotency_keys'`,
  );
  return rows[0].value;
}
