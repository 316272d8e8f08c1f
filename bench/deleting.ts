import { globSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { openPostgres } from '../dev/postgres.ts';
import { parseOutboxTable } from '../relay/outbox/outbox-table.ts';
import { sweptOutbox } from '../relay/retention/retention.ts';
import { deletePiece, deleteUnlocked } from '../src/core/table-sweep.ts';
import { processCpuUs } from './support/cpu.ts';

const SWEPT = sweptOutbox(parseOutboxTable('outbox'));

// What docs/decisions/retention.md weighs: rows that are deleted by block against daily partitions that are dropped. First what a
// row costs in each of them, then a month of the outbox as it is, scaled down: a day is a few thousand rows.

const DAYS = 30;
const A_DAY = Number(process.argv[2] ?? 10_000);
/** Of the two months. */
const A_SIMULATED_DAY = Number(process.argv[3] ?? 4_000);
const HOURS_OF_ROUND = 30;
const BLOCKS = 128;
/** Of autovacuum: PostgreSQL's own, and what docs/reference.md advises. */
const SCALE_FACTORS = [0.2, 0.02];
const BODY = JSON.stringify({ text: 'x'.repeat(600) });
const COLUMNS = 'message_id, message_type, message_body, aggregate_id, created_at';
const END =
  'SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $$0/0$$)::float8 AS bytes, pg_backend_pid() AS pid';

const UNSETTLED = `SELECT position FROM outbox WHERE processed_at IS NULL AND parked_at IS NULL AND dropped_at IS NULL ORDER BY position`;

const postgres = await openPostgres({ settings: { autovacuum: 'off', max_wal_size: '4GB' } });
try {
  const db = new pg.Client({ connectionString: postgres.url('postgres') });
  db.on('error', () => undefined); // a query that fails of it tells
  await db.connect();
  console.log('A row, of a table with 30 days of rows:');
  console.table([...(await plainTable(db)), ...(await partitions(db))]);
  for (const scaleFactor of SCALE_FACTORS) {
    console.log(
      `Two months of ${A_SIMULATED_DAY} rows a day, 30 days kept, autovacuum_vacuum_scale_factor ${scaleFactor}:`,
    );
    console.table(await simulate(db, scaleFactor));
  }
  await db.end();
} finally {
  await postgres.close();
}

interface Cost {
  readonly way: string;
  readonly 'CPU us/row': string;
  readonly 'WAL bytes/row': string;
}

async function plainTable(db: pg.Client): Promise<Cost[]> {
  const costs: Cost[] = [];
  await makeOutbox(db);
  await fill(db);
  costs.push(await cost(db, 'plain: mark', A_DAY, () => markToday(db, 'message_id = ANY ($1::uuid[])')));
  await db.query('VACUUM outbox');
  /** Between the oldest days. */
  const after = (days: number) => new Date(Date.now() - (DAYS + 0.5 - days) * 86_400_000);
  const all = (DAYS + 1) * A_DAY;
  costs.push(
    await cost(db, 'plain: read by block, nothing is old', all, () =>
      sweep(db, deletePiece(SWEPT), after(0)),
    ),
  );
  costs.push(await cost(db, 'plain: delete by block', A_DAY, () => sweep(db, deletePiece(SWEPT), after(1))));
  costs.push(
    await cost(db, 'plain: the same past locked rows', A_DAY, () =>
      sweep(db, deleteUnlocked(SWEPT), after(2)),
    ),
  );
  costs.push(await cost(db, 'plain: vacuum after both', 2 * A_DAY, () => db.query('VACUUM outbox')));
  costs.push(await cost(db, 'plain: look for unsettled (once)', 1, () => db.query(UNSETTLED)));
  return costs;
}

async function partitions(db: pg.Client): Promise<Cost[]> {
  const costs: Cost[] = [];
  await makeOutbox(db);
  await db.query(`
    ALTER TABLE outbox RENAME TO plain;
    CREATE TABLE outbox (LIKE plain INCLUDING DEFAULTS INCLUDING IDENTITY, PRIMARY KEY (message_id, created_at)) PARTITION BY RANGE (created_at);
    CREATE INDEX ON outbox (position) WHERE processed_at IS NULL AND parked_at IS NULL AND dropped_at IS NULL;
    CREATE INDEX ON outbox (aggregate_id, position) WHERE (parked_at IS NOT NULL OR deferred_at IS NOT NULL) AND processed_at IS NULL AND dropped_at IS NULL;
    CREATE INDEX ON outbox (aggregate_id) WHERE aggregate_id IS NOT NULL;
    DROP TABLE plain`);
  for (let day = 0; day <= DAYS; day++) {
    await db.query(
      `CREATE TABLE outbox_${day} PARTITION OF outbox FOR VALUES FROM (current_date - ${day} + time '00:00') TO (current_date - ${day - 1} + time '00:00')`,
    );
  }
  await fill(db);
  costs.push(
    await cost(db, 'partitions: mark by id', A_DAY, () => markToday(db, 'message_id = ANY ($1::uuid[])')),
  );
  await db.query(`UPDATE outbox SET processed_at = NULL WHERE created_at >= now() - interval '20 hours'`);
  await db.query('VACUUM outbox');
  const byBoth = 'message_id = ANY ($1::uuid[]) AND created_at >= $2 AND created_at <= $3';
  costs.push(await cost(db, 'partitions: mark by id and time', A_DAY, () => markToday(db, byBoth)));
  costs.push(await cost(db, 'partitions: drop a day', A_DAY, () => db.query(`DROP TABLE outbox_${DAYS}`)));
  costs.push(await cost(db, 'partitions: look for unsettled (once)', 1, () => db.query(UNSETTLED)));
  return costs;
}

/** Thirty days, of which today's are not marked yet. */
async function fill(db: pg.Client): Promise<void> {
  await db.query(
    `INSERT INTO outbox (${COLUMNS}, processed_at)
     SELECT uuidv7(-day * interval '1 day'), 'OrderCreated', $1::jsonb, uuidv7(-day * interval '1 day')::text, t, CASE WHEN day > 0 THEN t END
     FROM generate_series(${DAYS}, 0, -1) AS day, generate_series(1, ${A_DAY}) AS n,
       LATERAL (SELECT now() - day * interval '1 day' + n * interval '1 microsecond' AS t) AS times`,
    [BODY],
  );
  await db.query('VACUUM ANALYZE outbox');
}

async function markToday(db: pg.Client, condition: string): Promise<void> {
  const { rows } = await db.query<{ id: string; at: string }>(
    `SELECT message_id AS id, created_at::text AS at FROM outbox WHERE processed_at IS NULL ORDER BY position`,
  );
  for (let at = 0; at < rows.length; at += 1_000) {
    const batch = rows.slice(at, at + 1_000);
    const times = condition.includes('$2') ? [batch[0]?.at, batch.at(-1)?.at] : [];
    await db.query(`UPDATE outbox SET processed_at = clock_timestamp() WHERE ${condition}`, [
      batch.map(({ id }) => id),
      ...times,
    ]);
  }
}

/** Goes once around the table; returns how many rows it has deleted. */
async function sweep(db: pg.Client, piece: string, before: Date): Promise<number> {
  const { rows } = await db.query<{ blocks: number }>(
    `SELECT (pg_relation_size('outbox') / 8192)::int AS blocks`,
  );
  let deleted = 0;
  for (let block = 0; block < (rows[0]?.blocks ?? 0); block += BLOCKS) {
    const { rowCount } = await db.query(piece, [`(${block},0)`, `(${block + BLOCKS},0)`, before]);
    deleted += rowCount ?? 0;
  }
  return deleted;
}

/** Of the connection's server process; WAL with each page whole the first time, as after a checkpoint. */
async function cost(db: pg.Client, way: string, count: number, work: () => Promise<unknown>): Promise<Cost> {
  await db.query('CHECKPOINT');
  const look = async () => {
    const { bytes, pid } = (await db.query<{ bytes: number; pid: number }>(END)).rows[0] ?? {
      bytes: 0,
      pid: 0,
    };
    return { bytes, cpuUs: processCpuUs(pid) };
  };
  const before = await look();
  await work();
  const after = await look();
  return {
    way,
    'CPU us/row': ((after.cpuUs - before.cpuUs) / count).toFixed(2),
    'WAL bytes/row': ((after.bytes - before.bytes) / count).toFixed(0),
  };
}

/** An hour is a twenty-fourth of a day's rows, inserted and then marked. */
async function simulate(db: pg.Client, scaleFactor: number) {
  await makeOutbox(db);
  const start = Date.parse('2026-01-01T00:00:00Z');
  const anHour = Math.round(A_SIMULATED_DAY / 24);
  const states = [];
  let live = 0;
  let dead = 0;
  let vacuums = 0;
  for (let hour = 1; hour <= 2 * DAYS * 24; hour++) {
    const now = new Date(start + hour * 3_600_000);
    await db.query(
      `INSERT INTO outbox (${COLUMNS}) SELECT uuidv7(), 'OrderCreated', $1::jsonb, uuidv7()::text, $2 FROM generate_series(1, $3)`,
      [BODY, now, anHour],
    );
    await db.query('UPDATE outbox SET processed_at = $1 WHERE processed_at IS NULL', [now]);
    live += anHour;
    dead += anHour;
    if (hour % HOURS_OF_ROUND === 0) {
      const deleted = await sweep(db, deletePiece(SWEPT), new Date(now.getTime() - DAYS * 86_400_000));
      live -= deleted;
      dead += deleted;
    }
    if (dead > 50 + scaleFactor * live) {
      await db.query('VACUUM outbox');
      dead = 0;
      vacuums++;
    }
    if (hour % (10 * 24) === 0) states.push({ day: hour / 24, ...(await sizes(db, live)), vacuums });
  }
  return states;
}

async function sizes(db: pg.Client, live: number) {
  const of = (name: string) => `pg_relation_size('${name}')::float8 / ${live} AS "${name}"`;
  const { rows } = await db.query<Record<string, number>>(
    `SELECT ${['outbox', 'outbox_pkey', 'idx_outbox_unsettled', 'idx_outbox_aggregate_id'].map(of).join(', ')}`,
  );
  const bytes = Object.entries(rows[0] ?? {}).map(([name, size]) => [`${name} bytes/row`, Math.round(size)]);
  const startedAt = performance.now();
  await db.query(UNSETTLED);
  return { live, ...Object.fromEntries(bytes), 'scan ms': (performance.now() - startedAt).toFixed(1) };
}

async function makeOutbox(db: pg.Client): Promise<void> {
  await db.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await db.query('DROP PUBLICATION IF EXISTS order_outbox');
  for (const file of globSync('drizzle/*.sql').toSorted()) {
    for (const statement of readFileSync(file, 'utf8').split('--> statement-breakpoint'))
      await db.query(statement);
  }
}
