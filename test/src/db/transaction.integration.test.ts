import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrizzleQueryError, sql } from 'drizzle-orm';
import pg from 'pg';
import { errorCode } from '../../../src/core/errors.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import type { Database } from '../../../src/db/database.ts';
import { isCommitUncertain, isDatabaseUnavailable } from '../../../src/db/database-failure.ts';
import { read } from '../../../src/db/reader.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { createDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

const log = createLogger({ level: 'silent', service: 'test' });

test('a backend killed between two statements fails the transaction, not the process', async (t) => {
  const { url, pool: admin } = await createDatabase(t);
  const pool = openPool({ url, max: 1, applicationName: 'killed', log });
  t.after(() => pool.end());

  const transaction = inTransaction(pool, async (db) => {
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'killed'`,
    );
    // Nothing is in flight on the connection now: its end arrives as an event.
    await until('the backend is gone', async () => {
      const alive = await admin.query(`SELECT FROM pg_stat_activity WHERE application_name = 'killed'`);
      return alive.rowCount === 0;
    });
    await db.execute(sql`SELECT 1`);
  });

  await assert.rejects(transaction, isDatabaseUnavailable);
  assert.equal(await inTransaction(pool, async () => 'again'), 'again');
});

test('a transaction is over after its time limit, however many statements it would still make', async (t) => {
  const { url, pool: admin } = await createDatabase(t);
  const pool = openPool({ url, max: 1, applicationName: 'slow', log });
  t.after(() => pool.end());
  let statements = 0;

  const transaction = inTransaction(
    pool,
    async (db) => {
      for (; statements < 100; statements++) await db.execute(sql`SELECT pg_sleep(0.05)`);
    },
    { timeoutMs: 300 },
  );

  await assert.rejects(transaction, isDatabaseUnavailable);
  assert.ok(statements > 0 && statements < 10, `${statements} statements`);
  await until('the server has let it go', async () => {
    const open = await admin.query(
      `SELECT FROM pg_stat_activity WHERE application_name = 'slow' AND state <> 'idle'`,
    );
    return open.rowCount === 0;
  });
});

test('a handle that outlives its transaction is refused, also while another transaction has its connection', async (t) => {
  const { url, pool: admin } = await createDatabase(t);
  const pool = openPool({ url, max: 1, applicationName: 'late', log });
  t.after(() => pool.end());
  await admin.query('CREATE TABLE written (n int)');
  const write = (db: Database) => db.execute(sql`INSERT INTO written VALUES (1)`);
  const handles: Database[] = [];

  await inTransaction(pool, async (db) => handles.push(db));
  await assert.rejects(
    inTransaction(pool, async (db) => {
      handles.push(db);
      throw new Error('rolled back');
    }),
    /rolled back/,
  );
  await read(pool, async (db) => handles.push(db));
  const late = () =>
    Promise.all(
      handles.map((db) => assert.rejects(async () => write(db), /after the end of its transaction/)),
    );
  await late();
  await inTransaction(pool, late);
  let built: { execute(): Promise<unknown> } | undefined;
  await inTransaction(pool, async (db) => {
    built = db.select({ one: sql`1` }).from(sql`written`);
  });
  await assert.rejects(
    async () => built?.execute(),
    (error) => errorCode(error) === 'ERR_TRANSACTION_OVER',
  );

  assert.equal(handles.length, 3);
  assert.equal((await admin.query('SELECT FROM written')).rowCount, 0);
});

test('failures of the database are told from faults of ours by their code', () => {
  const failed = (cause: Error, code?: string) =>
    new DrizzleQueryError('SELECT', [], Object.assign(cause, code && { code }));
  const driverSays = (code?: string) => failed(new Error('failed'), code);
  const serverSays = (code: string) => failed(new pg.DatabaseError('failed', 0, 'error'), code);
  const cases: [error: unknown, unavailable: boolean, commitUncertain: boolean][] = [
    [driverSays(), true, true],
    ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'].map(
      (code): [unknown, boolean, boolean] => [driverSays(code), true, true],
    ),
    [driverSays('ERR_INVALID_ARG_TYPE'), false, true],
    ...['08006', '57P01', '57P02', '57P03'].map((code): [unknown, boolean, boolean] => [
      serverSays(code),
      true,
      true,
    ]),
    ...['57014', '53100', '53200', '53300', '40001', '40P01', '55P03', '25006', '58030'].map(
      (code): [unknown, boolean, boolean] => [serverSays(code), true, false],
    ),
    ...['23505', '23514', '42P01', '22003', 'P0001', 'XX000'].map((code): [unknown, boolean, boolean] => [
      serverSays(code),
      false,
      false,
    ]),
    [new TypeError('a fault of ours'), false, false],
  ];

  for (const [error, unavailable, uncertain] of cases) {
    const code = errorCode(error) ?? 'no code';
    assert.equal(isDatabaseUnavailable(error), unavailable, code);
    assert.equal(isCommitUncertain(error), uncertain, code);
  }
});
