import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import {
  listMessages,
  type MessageSearch,
  messagesOfOrder,
  newestMessages,
  searchMessages,
} from '../../../relay/admin/message-search.ts';
import { createDatabase } from '../../support/database.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { type Plan, planOf } from '../../support/plans.ts';

const ROWS = 30_000;

/** Many settled rows with ids of version 4, and a few that wait, were refused or are parked. */
async function fill(pool: pg.Pool): Promise<void> {
  await pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, processed_at)
     SELECT gen_random_uuid(), 'Settled', '{}', 'o' || n, now() FROM generate_series(1, $1) AS n`,
    [ROWS],
  );
  await pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, next_retry_at, parked_at)
     SELECT gen_random_uuid(), 'Open', '{}', 'open' || n, CASE WHEN n % 2 = 0 THEN now() END, CASE WHEN n % 3 = 0 THEN now() END
     FROM generate_series(1, 90) AS n`,
  );
  await pool.query('VACUUM ANALYZE outbox');
}

test('what people look at costs little, however much is settled', async (t) => {
  const { pool } = await createDatabase(t);
  await fill(pool);
  const plans: (Plan & { readonly what: string })[] = [];
  let what = '';
  const explained = {
    query: async (sql: string, params: unknown[]) => {
      plans.push({ what, ...(await planOf(pool, sql, params)) });
      return pool.query(sql, params);
    },
  } as unknown as pg.Pool;
  const search: MessageSearch = { pool: explained, table: OUTBOX, limit: 25 };
  const { rows } = await pool.query<{ id: string }>(
    'SELECT message_id::text AS id FROM outbox ORDER BY position LIMIT 25',
  );
  const ids = rows.map(({ id }) => id);
  const found: Record<string, number> = {};
  const looks: Record<string, () => Promise<unknown[]>> = {
    newest: () => newestMessages(search, ids),
    waiting: () => listMessages(search, 'waiting'),
    refused: () => listMessages(search, 'refused'),
    parked: () => listMessages(search, 'parked'),
    'by id': () => searchMessages(search, ids[0] ?? '', 'newest'),
    'by order': () => searchMessages(search, 'o77', 'newest'),
    'of an order': () => messagesOfOrder(search, 'o77'),
  };
  for (const [name, look] of Object.entries(looks)) {
    what = name;
    found[name] = (await look()).length;
  }

  assert.deepEqual(found, {
    newest: 25,
    waiting: 25,
    refused: 25,
    parked: 25,
    'by id': 1,
    'by order': 1,
    'of an order': 1,
  });
  for (const { what: name, scans, rowsRead } of plans) {
    const told = `${name}: ${scans.join()}, ${rowsRead} rows`;
    assert.ok(
      scans.every((scan) => !scan.endsWith('Seq Scan')),
      told,
    );
    assert.ok(rowsRead < ROWS / 10, told);
  }
});
