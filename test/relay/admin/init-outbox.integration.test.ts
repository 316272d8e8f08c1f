import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { initOutbox } from '../../../relay/admin/init-outbox.ts';
import { assertOutbox } from '../../../relay/outbox/assert-outbox.ts';
import { parseOutboxTable } from '../../../relay/outbox/outbox-table.ts';
import { inspectPublication } from '../../../relay/replication/publication.ts';
import { createDatabase, EMPTY } from '../../support/database.ts';
import { OUTBOX } from '../../support/outbox-table.ts';

const OPTIONS = { table: OUTBOX, publication: 'order_outbox' };

test('what init makes is what the migrations make', async (t) => {
  const migrated = await createDatabase(t);
  const { pool } = await createDatabase(t, EMPTY);

  await initOutbox(pool, OPTIONS);

  const made = await describe(pool);
  assert.deepEqual(made, await describe(migrated.pool));
  const kinds = new Set(made.map((line) => line.split(' ')[0]));
  assert.deepEqual(kinds, new Set(KINDS));
});

test('run again it changes nothing, and nothing of a migrated database either', async (t) => {
  for (const { pool } of [await createDatabase(t, EMPTY), await createDatabase(t)]) {
    await initOutbox(pool, OPTIONS);
    await pool.query(
      `INSERT INTO outbox (message_id, message_type, message_body) VALUES (gen_random_uuid(), 'T', '{}')`,
    );
    const before = await describe(pool);
    const { version } = await inspectPublication(pool, 'order_outbox', OUTBOX);

    await initOutbox(pool, OPTIONS);

    assert.deepEqual(await describe(pool), before);
    assert.equal((await inspectPublication(pool, 'order_outbox', OUTBOX)).version, version);
    assert.equal((await pool.query('SELECT FROM outbox')).rowCount, 1);
  }
});

test("a table of the application's own gets what it lacks, and keeps its rows", async (t) => {
  const { pool } = await createDatabase(t, EMPTY);
  await pool.query(`
    CREATE TABLE outbox (message_id uuid PRIMARY KEY, message_type varchar(100) NOT NULL, message_body json NOT NULL, tenant int);
    INSERT INTO outbox VALUES (gen_random_uuid(), 'T', '{}', 7)`);

  await initOutbox(pool, OPTIONS);

  const { rows } = await pool.query('SELECT tenant, position, processed_at FROM outbox');
  assert.deepEqual(rows, [{ tenant: 7, position: '1', processed_at: null }]);
});

test('several tables of one schema each have their own, under names that need quotes', async (t) => {
  const { pool } = await createDatabase(t, EMPTY);
  await pool.query('CREATE SCHEMA "Sales"');
  const longest = 'a'.repeat(40);

  for (const [name, publication] of [
    ['Sales.order', 'one'],
    [`Sales.${longest}`, 'two'],
    [`Sales.${longest.replace(/a$/, 'b')}`, 'three'],
  ] as const) {
    await initOutbox(pool, { table: parseOutboxTable(name), publication });
  }

  const { rows } = await pool.query(
    `SELECT tablename AS table, count(*)::int AS indexes FROM pg_indexes WHERE schemaname = 'Sales' GROUP BY 1 ORDER BY 1`,
  );
  assert.deepEqual(
    rows.map(({ indexes }) => indexes),
    [4, 4, 4, 1],
  );
  await assert.rejects(
    pool.query(`INSERT INTO "Sales"."order" (message_id, message_type, message_body) VALUES (gen_random_uuid(), 'T', '{}');
      UPDATE "Sales"."order" SET message_type = 'U'`),
    { code: '23001', table: 'order' },
  );
});

test('what a person has to decide is named, and nothing is changed until then: a type, a publication of something else', async (t) => {
  const { pool } = await createDatabase(t, EMPTY);
  await pool.query('CREATE TABLE outbox (message_id text PRIMARY KEY); CREATE TABLE other (id int)');
  const type = initOutbox(pool, OPTIONS);
  await assert.rejects(type, {
    code: 'OUTBOX_INCOMPLETE',
    message:
      /^The table outbox has message_id as text: ALTER TABLE \.\.\. ALTER COLUMN message_id TYPE uuid\. Run:/,
  });
  await pool.query(`
    ALTER TABLE outbox ALTER COLUMN message_id TYPE uuid USING message_id::uuid;
    CREATE PUBLICATION order_outbox FOR TABLE other WITH (publish = 'insert')`);

  await assert.rejects(initOutbox(pool, OPTIONS), {
    code: 'PUBLICATION_UNUSABLE',
    message: /does not contain the table outbox: ALTER PUBLICATION \.\.\. SET TABLE /,
  });
});

test('whatever is missing of what the relay uses is named at once, with the way out', async (t) => {
  const { pool } = await createDatabase(t);
  await pool.query('DROP SCHEMA drizzle CASCADE; DROP TABLE orders, order_items, idempotency_keys CASCADE');
  await assertOutbox(pool, OUTBOX);
  await pool.query(`
    ALTER TABLE outbox DROP COLUMN tracestate, DROP COLUMN deferred_at CASCADE;
    ALTER TABLE outbox ALTER COLUMN next_retry_at TYPE timestamp;
    ALTER TABLE relay_progress DROP COLUMN epoch`);

  await assert.rejects(assertOutbox(pool, OUTBOX), {
    code: 'OUTBOX_INCOMPLETE',
    message:
      'The table outbox has no tracestate, deferred_at. ' +
      'The table outbox has next_retry_at as timestamp without time zone: ALTER TABLE ... ALTER COLUMN next_retry_at TYPE timestamp(3) with time zone. ' +
      'The table relay_progress beside outbox has no epoch. ' +
      'Run: npm run db:migrate, or for the outbox of another application: npm run outbox -- init',
  });
  await pool.query('DROP TABLE relay_progress');
  await assert.rejects(assertOutbox(pool, OUTBOX), /relay_progress beside outbox does not exist/);
  await assert.rejects(
    assertOutbox(pool, parseOutboxTable('app.events')),
    /^\w+: The table app\.events does not/,
  );
});

const KINDS = [
  'column',
  'constraint',
  'function',
  'index',
  'publication',
  'published',
  'sequence',
  'table',
  'trigger',
];

/** The outbox, its progress and its publication as the catalogs have them, a line each. */
async function describe(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(`
    WITH tables AS (SELECT oid, relname FROM pg_class WHERE oid IN ('outbox'::regclass, 'relay_progress'::regclass))
    SELECT concat_ws(' ', 'table', relname, reloptions, relpersistence, relreplident, relrowsecurity) AS line
      FROM pg_class JOIN tables USING (oid, relname)
    UNION ALL
    SELECT concat_ws(' ', 'column', relname, attnum, attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attstattarget,
        pg_get_expr(adbin, adrelid))
      FROM pg_attribute JOIN tables ON attrelid = tables.oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      WHERE attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT concat_ws(' ', 'constraint', relname, conname, convalidated, pg_get_constraintdef(c.oid)) FROM pg_constraint c
      JOIN tables ON conrelid = tables.oid
    UNION ALL
    SELECT concat_ws(' ', 'index', pg_get_indexdef(indexrelid)) FROM pg_index JOIN tables ON indrelid = oid
    UNION ALL
    SELECT concat_ws(' ', 'sequence', s.*) FROM pg_sequences s WHERE schemaname = 'public'
    UNION ALL
    SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), tgenabled) FROM pg_trigger t JOIN tables ON tgrelid = tables.oid
    UNION ALL
    SELECT concat_ws(' ', 'function', pg_get_functiondef(oid)) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL
    SELECT concat_ws(' ', 'publication', pubname, puballtables, pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot)
      FROM pg_publication
    UNION ALL
    SELECT concat_ws(' ', 'published', p.*) FROM pg_publication_tables p
    ORDER BY 1`);
  return rows.map(({ line }) => line);
}
