import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { sql } from 'drizzle-orm';
import { errorCode } from '../../../src/core/errors.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import type { Database } from '../../../src/db/database.ts';
import { idempotencyKeys } from '../../../src/db/schema.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { createDatabase } from '../../support/database.ts';
import { recordWrites } from '../../support/record-writes.ts';

const UNIQUE_VIOLATION = '23505';
const INVALID_STATEMENT_NAME = '26000';

const log = createLogger({ level: 'silent', service: 'test' });

/** A pool of one connection, and what is in the table that the tests write. */
async function openOne(t: TestContext) {
  const { url, pool: admin } = await createDatabase(t);
  const pool = openPool({ url, max: 1, applicationName: 'one', log });
  t.after(() => pool.end());
  const keys = async () => {
    const { rows } = await admin.query<{ key: string }>('SELECT key FROM idempotency_keys ORDER BY key');
    return rows.map(({ key }) => key);
  };
  return { pool, keys };
}

function insert(db: Database, key: string) {
  const row = { scope: '', route: '', key, fingerprint: '', status: 201, headers: {}, body: '' };
  return db.insert(idempotencyKeys).values(row);
}

const fails = (code: string) => (error: unknown) => errorCode(error) === code;

test('what is asked for at once is one write to the server, BEGIN with it, and each has its own answer', async (t) => {
  const { pool } = await openOne(t);
  const client = await pool.connect();
  client.release();
  const writes = recordWrites(client);

  const [inserted, listed, counted] = await inTransaction(pool, (db) =>
    Promise.all([
      insert(db, 'a'),
      db.select({ key: idempotencyKeys.key }).from(idempotencyKeys),
      Promise.resolve().then(() =>
        db.execute<{ count: number }>(sql`select count(*)::int from idempotency_keys`),
      ),
    ]),
  );

  assert.equal(inserted.rowCount, 1);
  assert.deepEqual(listed, [{ key: 'a' }]); // Drizzle asks for rows as arrays here,
  assert.deepEqual(counted.rows, [{ count: 1 }]); // and as objects here
  const words = writes.map((bytes) => bytes.match(/begin|insert|select|commit/gi)?.join(' '));
  assert.deepEqual(words, ['begin begin begin insert select select', 'commit commit commit']);
});

test('a transaction is committed or rolled back as one', async (t) => {
  const { pool, keys } = await openOne(t);
  const insertTwo = (first: string, second: string) =>
    inTransaction(pool, async (db) => {
      await insert(db, first);
      await insert(db, second);
    });

  await insertTwo('a', 'b');
  await assert.rejects(insertTwo('c', 'a'), fails(UNIQUE_VIOLATION));
  await assert.rejects(insertTwo('a', 'd'), fails(UNIQUE_VIOLATION));
  assert.deepEqual(await keys(), ['a', 'b']);
});

test('what follows a statement that fails is not carried out, and can be asked for again', async (t) => {
  const { pool, keys } = await openOne(t);
  const prepared = (db: Database) => insert(db, 'later').prepare('insert_later');
  await inTransaction(pool, (db) => insert(db, 'a'));

  let outcomes: PromiseSettledResult<unknown>[] = [];
  const transaction = inTransaction(pool, async (db) => {
    const asked = [insert(db, 'b'), insert(db, 'a'), prepared(db)].map((query) => query.execute());
    outcomes = await Promise.allSettled(asked);
  });

  await assert.rejects(transaction, { message: /^Rolled back/ });
  const codes = outcomes.map((outcome) => outcome.status === 'rejected' && errorCode(outcome.reason));
  assert.deepEqual(codes, [false, UNIQUE_VIOLATION, UNIQUE_VIOLATION]);
  await inTransaction(pool, (db) => prepared(db).execute());
  assert.deepEqual(await keys(), ['a', 'later']);
});

test('a server that cannot begin carries out nothing', async (t) => {
  const { pool, keys } = await openOne(t);
  await inTransaction(pool, (db) => insert(db, 'a'));
  await pool.query('DEALLOCATE begin');

  const transaction = inTransaction(pool, (db) => Promise.all([insert(db, 'b'), insert(db, 'c')]));

  await assert.rejects(transaction, fails(INVALID_STATEMENT_NAME));
  assert.deepEqual(await keys(), ['a']);
});

test('a statement without parameters is skipped like any other', async (t) => {
  const { pool, keys } = await openOne(t);
  const bare = sql`insert into idempotency_keys select '', '', 'a', '', 201, '{}', ''`;

  const refused = inTransaction(pool, async (db) => {
    await db.execute(bare);
    throw new Error('changed my mind');
  });

  await assert.rejects(refused, { message: 'changed my mind' });
  assert.deepEqual(await keys(), []);
});

test('COMMIT and ROLLBACK come after what nobody waits for', async (t) => {
  const { pool, keys } = await openOne(t);
  let inserting: Promise<unknown> = Promise.resolve();
  await inTransaction(pool, async (db) => {
    inserting = insert(db, 'a').execute();
  });
  await inserting;

  const refused = inTransaction(pool, async (db) => {
    inserting = insert(db, 'b').execute();
    throw new Error('changed my mind');
  });

  await assert.rejects(refused, { message: 'changed my mind' });
  await inserting;
  assert.deepEqual(await keys(), ['a']);
  assert.equal(await inTransaction(pool, async () => 'nothing asked for'), 'nothing asked for');
});

test('two texts of one name are refused, and nothing is carried out', async (t) => {
  const { pool, keys } = await openOne(t);
  const twoTexts = (db: Database) => [
    insert(db, 'a').prepare('same').execute(),
    db.select().from(idempotencyKeys).prepare('same').execute(),
    insert(db, 'c').prepare('another').execute(),
  ];

  const transaction = inTransaction(pool, (db) => Promise.all(twoTexts(db)));

  await assert.rejects(transaction, ({ cause }: Error) => /must be unique/.test(String(cause)));
  assert.deepEqual(await keys(), []);
  await inTransaction(pool, (db) => insert(db, 'b'));
  assert.deepEqual(await keys(), ['b']);
});
