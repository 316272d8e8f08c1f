import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { parseLsn } from '../../../relay/lsn.ts';
import { RelayMonitor } from '../../../relay/monitoring/relay-monitor.ts';
import { Retention, type RetentionOptions } from '../../../relay/retention/retention.ts';
import { createLogger } from '../../../src/core/log.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { insertEvents } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

const HOUR_MS = 3_600_000;
/** Past all that is written. */
const END = parseLsn('FFFFFFFF/0');
const log = createLogger({ level: 'silent', service: 'test' });

test('what was published or dropped longer ago is deleted, and nothing else', async (t) => {
  const database = await createDatabase(t);
  const states: [type: string, columns: string, kept: boolean][] = [
    ['unsettled for long', `created_at = now() - interval '9 days'`, true],
    ['failing for long', `retry_count = 9, next_retry_at = now() - interval '9 days'`, true],
    ['parked for long', `parked_at = now() - interval '9 days', error_message = 'too large'`, true],
    ['waiting for long', `deferred_at = now() - interval '9 days'`, true],
    ['published lately', `processed_at = now() - interval '1 minute'`, true],
    ['published long ago', `processed_at = now() - interval '2 hours'`, false],
    ['parked, then published', `processed_at = now() - interval '2 hours', parked_at = now()`, false],
    [
      'dropped lately',
      `dropped_at = now() - interval '1 minute', parked_at = now() - interval '9 days'`,
      true,
    ],
    [
      'dropped long ago',
      `dropped_at = now() - interval '2 hours', parked_at = now() - interval '9 days'`,
      false,
    ],
    [
      'published, then dropped',
      `processed_at = now() - interval '2 hours', dropped_at = now() - interval '1 minute'`,
      true,
    ],
  ];
  for (const [type, columns] of states) {
    await insertRows(database.pool, 1, type);
    await database.pool.query(`UPDATE outbox SET ${columns} WHERE message_type = $1`, [type]);
  }

  const { monitor } = startRetention(t, database);
  await until('rows are deleted', () => monitor.counts.deletedRows > 0);

  assert.deepEqual(
    await types(database.pool),
    states.filter(([, , kept]) => kept).map(([type]) => type),
  );
  assert.equal(monitor.counts.deletedRows, states.filter(([, , kept]) => !kept).length);
});

test('nothing is deleted that the stream could still bring again', async (t) => {
  const database = await createDatabase(t);
  await insertRows(database.pool, 1, 'Old');
  await publish(database.pool);
  let unrepeatedLsn = 1n;

  const { monitor, untilRounds } = startRetention(t, database, {}, () => unrepeatedLsn);
  await untilRounds(3);
  assert.deepEqual(await types(database.pool), ['Old']);

  unrepeatedLsn = END;
  await until('the row is deleted', () => monitor.counts.deletedRows === 1);
});

test('the table is gone through piece by piece, with a pause after each', async (t) => {
  const database = await createDatabase(t);
  await insertRows(database.pool, 2_000, 'Old');
  await publish(database.pool);
  await database.pool.query('VACUUM FULL outbox'); // or the first piece would have dead rows only

  const { monitor, stop } = startRetention(t, database, { pauseMs: HOUR_MS, blocks: 100 });
  await until('a piece is deleted', () => monitor.counts.deletedRows > 0);
  await stop();
  const { rows } = await database.pool.query(
    `SELECT count(*)::int AS rows, min(ctid) >= '(100,0)' AS behind FROM outbox`,
  );

  assert.ok(rows[0].behind);
  assert.equal(rows[0].rows + monitor.counts.deletedRows, 2_000);
  const again = startRetention(t, database, { blocks: 7 });
  await until('the rest is deleted', () => again.monitor.counts.deletedRows === rows[0].rows);
});

test('a round that was cut short goes on where it was', async (t) => {
  const database = await createDatabase(t);
  await insertRows(database.pool, 500, 'Old');
  await publish(database.pool);
  await database.pool.query('VACUUM FULL outbox');
  const { monitor, retention, stop } = startRetention(t, database, { pauseMs: HOUR_MS, blocks: 20 });
  await until('a piece is deleted', () => monitor.counts.deletedRows > 0);
  await stop();

  while (monitor.counts.deletedRows < 500) {
    const { deletedRows } = monitor.counts;
    const ending = new AbortController();
    const running = retention.run(() => END, AbortSignal.any([ending.signal, t.signal]));
    await until('the next piece is deleted', () => monitor.counts.deletedRows > deletedRows);
    ending.abort();
    await running;
  }
});

test('rows of an outbox with partitions are deleted too', async (t) => {
  const database = await createDatabase(t);
  await database.pool.query(`
    ALTER TABLE outbox RENAME TO outbox_before;
    CREATE TABLE outbox (LIKE outbox_before INCLUDING DEFAULTS INCLUDING IDENTITY) PARTITION BY RANGE (created_at);
    CREATE TABLE outbox_1 PARTITION OF outbox FOR VALUES FROM (MINVALUE) TO ('2000-01-01');
    CREATE TABLE outbox_2 PARTITION OF outbox DEFAULT`);
  await insertRows(database.pool, 500, 'Old');
  await database.pool.query(`UPDATE outbox SET created_at = '1999-12-31' WHERE position % 2 = 0`);
  await publish(database.pool);
  await insertRows(database.pool, 1, 'New');

  const { monitor } = startRetention(t, database, { blocks: 3 });
  await until('the old rows are deleted', () => monitor.counts.deletedRows === 500);

  assert.deepEqual(await types(database.pool), ['New']);
});

test('a failure does no harm: the next round tries again', async (t) => {
  const database = await createDatabase(t);
  await insertRows(database.pool, 1, 'Old');
  await publish(database.pool);
  await database.pool.query('ALTER TABLE outbox RENAME TO elsewhere');

  const { monitor, untilRounds } = startRetention(t, database);
  await untilRounds(3);
  await database.pool.query('ALTER TABLE elsewhere RENAME TO outbox');

  await until('the row is deleted', () => monitor.counts.deletedRows === 1);
});

test('the table does not grow while as much is deleted as comes', async (t) => {
  const database = await createDatabase(t);
  const { monitor } = startRetention(t, database);
  const size = async () => {
    const { rows } = await database.pool.query(`SELECT pg_total_relation_size('outbox')::int AS size`);
    return rows[0].size as number;
  };
  const sizes: number[] = [];
  let first = 0;
  for (let cycle = 1; cycle <= 8; cycle++) {
    await insertRows(database.pool, 1_000, 'Old');
    await publish(database.pool);
    first ||= await size();
    await until('the rows are deleted', () => monitor.counts.deletedRows === cycle * 1_000);
    await database.pool.query('VACUUM outbox');
    sizes.push(await size());
  }

  // Whether a VACUUM gives pages back, too, depends on who else is at the table just then.
  assert.ok(Math.max(...sizes) < 2 * first, `${first}: ${sizes.join()}`);
});

function insertRows(pool: pg.Pool, count: number, type: string): Promise<void> {
  return insertEvents(pool, count, () => ({ type, body: JSON.stringify('x'.repeat(600)) }));
}

/** Marks everything as published two hours ago. */
async function publish(pool: pg.Pool): Promise<void> {
  await pool.query(`UPDATE outbox SET processed_at = now() - interval '2 hours'`);
}

async function types(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ type: string }>(
    'SELECT message_type AS type FROM outbox ORDER BY position',
  );
  return rows.map(({ type }) => type);
}

/** Keeps an hour, with rounds and pieces right after each other unless `options` say otherwise. */
function startRetention(
  t: TestContext,
  { url }: TestDatabase,
  options: Partial<RetentionOptions> = {},
  unrepeatedLsn = () => END,
) {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  const monitor = new RelayMonitor();
  const ending = new AbortController();
  const pace = { keepMs: HOUR_MS, everyMs: 5, pauseMs: 0 };
  const retention = new Retention(
    { pool, table: OUTBOX, monitor, log, random: () => 0 },
    { ...pace, ...options },
  );
  const running = retention.run(unrepeatedLsn, ending.signal);
  const stop = async () => {
    ending.abort();
    await running;
  };
  cleanup(t, async () => {
    await stop();
    await pool.end();
  });
  /** Every round begins with a query. */
  const untilRounds = async (count: number) => {
    for (let round = 0; round <= count; round++) await once(pool, 'acquire');
  };
  return { monitor, retention, stop, untilRounds };
}
