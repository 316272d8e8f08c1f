import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'drizzle-orm';
import { openPool } from '../../../../src/core/db/database.ts';
import { idempotencyKeys } from '../../../../src/core/db/schema.ts';
import { inTransaction } from '../../../../src/core/db/transaction.ts';
import { errorCode } from '../../../../src/core/errors.ts';
import { createLogger } from '../../../../src/core/log.ts';
import { createDatabase } from '../../../support/database.ts';

const INVALID_STATEMENT_NAME = '26000';

const log = createLogger({ level: 'silent', service: 'test' });

async function openOne(t: TestContext) {
  const { url, pool: admin } = await createDatabase(t);
  const pool = openPool({ url, max: 1, applicationName: 'one', log });
  t.after(() => pool.end());
  // The connection's first transaction prepares BEGIN; the others send it along.
  await inTransaction(pool, (db) => db.execute(sql`select 1`));
  return { pool, admin };
}

const key = (name: string) => ({
  scope: 'test',
  route: 'test',
  key: name,
  fingerprint: '',
  status: 201,
  headers: {},
  body: '',
});

test('BEGIN and the first statement are one write to the server, and its answer is the statement’s', async (t) => {
  const { pool } = await openOne(t);
  const client = await pool.connect();
  client.release();
  const { stream } = client.connection;
  const sent: string[] = [];
  const original = stream._writev?.bind(stream);
  stream._writev = (chunks, done) => {
    sent.push(Buffer.concat(chunks.map(({ chunk }) => chunk)).toString('latin1'));
    original?.(chunks, done);
  };

  const rows = await inTransaction(pool, async (db) => {
    const answer = await db.execute<{ one: number }>(sql`select ${1}::int as one`);
    assert.equal(client.getTransactionStatus(), 'T');
    return answer.rows;
  });

  assert.deepEqual(rows, [{ one: 1 }]);
  assert.equal(sent.filter((text) => text.includes('begin') && text.includes('select $1')).length, 1);
});

test('what follows the first statement belongs to its transaction, committed or rolled back as one', async (t) => {
  const { pool, admin } = await openOne(t);
  const insertTwo = (names: [string, string]) =>
    inTransaction(pool, async (db) => {
      for (const name of names) await db.insert(idempotencyKeys).values(key(name));
      return db.select({ key: idempotencyKeys.key }).from(idempotencyKeys).orderBy(idempotencyKeys.key);
    });

  assert.deepEqual(await insertTwo(['a', 'b']), [{ key: 'a' }, { key: 'b' }]);
  await assert.rejects(insertTwo(['c', 'a']), { name: 'Error', message: /Failed query/ });
  await assert.rejects(insertTwo(['a', 'd']), { name: 'Error', message: /Failed query/ });

  const { rows } = await admin.query('SELECT key FROM idempotency_keys ORDER BY key');
  assert.deepEqual(rows, [{ key: 'a' }, { key: 'b' }]);
});

test('a statement without parameters begins a transaction too', async (t) => {
  const { pool, admin } = await openOne(t);
  const transaction = inTransaction(pool, async (db) => {
    await db.execute(sql`insert into idempotency_keys select 'test', 'test', 'a', '', 201, '{}', ''`);
    throw new Error('changed my mind');
  });

  await assert.rejects(transaction, { message: 'changed my mind' });
  assert.equal((await admin.query('SELECT FROM idempotency_keys')).rowCount, 0);
});

test('a server that cannot begin does not carry out the statement', async (t) => {
  const { pool, admin } = await openOne(t);
  await pool.query('DEALLOCATE begin');

  const transaction = inTransaction(pool, (db) => db.insert(idempotencyKeys).values(key('a')));

  await assert.rejects(transaction, (error) => errorCode(error) === INVALID_STATEMENT_NAME);
  assert.equal((await admin.query('SELECT FROM idempotency_keys')).rowCount, 0);
});
