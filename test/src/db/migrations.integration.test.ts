import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDatabase } from '../../support/database.ts';

test('the migrations contain everything that the Drizzle schema declares', (t) => {
  // drizzle-kit check does not compare the two, so: what would `generate` still have to write?
  const folder = mkdtempSync(join(tmpdir(), 'drizzle-'));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync('drizzle', join(folder, 'drizzle'), { recursive: true });
  const before = readdirSync(join(folder, 'drizzle'));

  const generate = spawnSync(
    'npx',
    [
      'drizzle-kit',
      'generate',
      '--dialect=postgresql',
      '--schema=./src/db/schema.ts',
      `--out=${join(folder, 'drizzle')}`,
    ],
    { encoding: 'utf8', shell: process.platform === 'win32' },
  );

  assert.equal(generate.status, 0, generate.stderr);
  assert.deepEqual(readdirSync(join(folder, 'drizzle')), before, generate.stdout);
});

test('the publication publishes inserts into outbox and nothing else', async (t) => {
  const { pool } = await createDatabase(t);

  const publication = await pool.query(
    `SELECT p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, t.schemaname, t.tablename, t.rowfilter
     FROM pg_publication p JOIN pg_publication_tables t USING (pubname) WHERE p.pubname = 'order_outbox'`,
  );

  assert.deepEqual(publication.rows, [
    {
      pubinsert: true,
      pubupdate: false,
      pubdelete: false,
      pubtruncate: false,
      schemaname: 'public',
      tablename: 'outbox',
      rowfilter: null,
    },
  ]);
});

test('amounts and quantities that must never be stored are refused by the tables', async (t) => {
  const { pool } = await createDatabase(t);
  await pool.query(
    `INSERT INTO orders (order_id, customer_id, total_amount, status, shipping_address) VALUES ('o', 'c', 1, 'Pending', '{}')`,
  );
  const item = ([quantity, unitPrice, lineTotal]: readonly string[]) =>
    pool.query(
      `INSERT INTO order_items (order_item_id, order_id, line_number, product_id, quantity, unit_price, line_total)
       VALUES (gen_random_uuid()::text, 'o', 1, 'p', ${quantity}, ${unitPrice}, ${lineTotal})`,
    );

  for (const values of [
    ['0', '1', '0'],
    ['-1', '1', '1'],
    ['1', "'NaN'", '1'],
    ['1', '-0.01', '1'],
    ['1', '1', "'NaN'"],
    ['1', '1', '-1'],
  ]) {
    await assert.rejects(item(values), { code: '23514' }, values.join());
  }
  for (const total of ["'NaN'", '-0.01']) {
    await assert.rejects(pool.query(`UPDATE orders SET total_amount = ${total}`), { code: '23514' }, total);
  }
});

test('a message cannot be changed once it is in the outbox, and its marks can', async (t) => {
  const { pool } = await createDatabase(t);
  await pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body) VALUES (gen_random_uuid(), 'Ping', '{}')`,
  );

  await assert.rejects(pool.query(`UPDATE outbox SET message_body = '{"a":1}'`), { code: '23001' });
  const marked = await pool.query('UPDATE outbox SET processed_at = now()');

  assert.equal(marked.rowCount, 1);
});

test('ANALYZE leaves out the documents, which nothing is planned by', async (t) => {
  const { pool } = await createDatabase(t);
  await pool.query(`
    INSERT INTO orders (order_id, customer_id, total_amount, status, shipping_address)
      SELECT 'o' || n, 'c', 1, 'Pending', jsonb_build_object('street', n) FROM generate_series(1, 100) AS n;
    INSERT INTO outbox (message_id, message_type, message_body, metadata)
      SELECT gen_random_uuid(), 'T', jsonb_build_object('n', n), jsonb_build_object('n', n) FROM generate_series(1, 100) AS n`);
  await pool.query('ANALYZE orders, outbox');

  const { rows } = await pool.query<{ column: string }>(
    `SELECT DISTINCT s.tablename || '.' || s.attname AS column FROM pg_stats s
     JOIN pg_attribute a ON a.attrelid = s.tablename::regclass AND a.attname = s.attname
     WHERE s.schemaname = 'public' AND (a.atttypid = 'jsonb'::regtype OR s.attname = 'message_id')`,
  );

  assert.deepEqual(rows, [{ column: 'outbox.message_id' }]);
});
