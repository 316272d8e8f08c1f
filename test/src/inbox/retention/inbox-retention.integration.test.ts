import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import { createLogger } from '../../../../src/core/log.ts';
import { runInboxRetention } from '../../../../src/inbox/retention/inbox-retention.ts';
import { cleanup } from '../../../support/cleanup.ts';
import { createDatabase } from '../../../support/database.ts';
import { until } from '../../../support/until.ts';

const HOUR_MS = 3_600_000;

test('rows of messages that were handled long enough ago are deleted; newer ones and those that wait stay', async (t) => {
  const { pool } = await createDatabase(t);
  await insertRows(pool, 'old', 500, `now() - interval '61 minutes'`);
  await insertRows(pool, 'new', 2, `now() - interval '59 minutes'`);
  await insertRows(pool, 'waiting', 2, 'NULL');

  const { deleted } = startRetention(t, pool);
  await until('the old ones are deleted', () => deleted() === 500);

  assert.deepEqual(await ids(pool), ['new1', 'new2', 'waiting1', 'waiting2']);
});

test('a failure is told, and the next round tries again', async (t) => {
  const { pool } = await createDatabase(t);
  await insertRows(pool, 'old', 1, `now() - interval '2 hours'`);
  await pool.query('ALTER TABLE inbox RENAME TO elsewhere');

  const { deleted, lines } = startRetention(t, pool);
  await until('a round has failed', () => lines.some((line) => line.includes('Could not delete')));
  await pool.query('ALTER TABLE elsewhere RENAME TO inbox');

  await until('the row is deleted', () => deleted() === 1);
});

/** Keeps an hour, with rounds and pieces right after each other. */
function startRetention(t: TestContext, pool: pg.Pool) {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  const log = createLogger({ level: 'warn', service: 'test', destination });
  const ending = new AbortController();
  let deleted = 0;
  const onDeleted = (rows: number) => {
    deleted += rows;
  };
  const pace = { keepMs: HOUR_MS, everyMs: 5, pauseMs: 0, blocks: 2, onDeleted };
  const running = runInboxRetention({ pool, log, random: () => 0 }, pace, ending.signal);
  cleanup(t, async () => {
    ending.abort();
    await running;
  });
  return { deleted: () => deleted, lines };
}

async function insertRows(pool: pg.Pool, name: string, count: number, processedAt: string): Promise<void> {
  await pool.query(
    `INSERT INTO inbox (consumer, message_id, message_type, received_at, processed_at)
     SELECT 'queue', $1 || n, 'Counted', now() - interval '2 hours', ${processedAt} FROM generate_series(1, $2) n`,
    [name, count],
  );
}

async function ids(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>('SELECT message_id AS id FROM inbox ORDER BY 1');
  return rows.map(({ id }) => id);
}
