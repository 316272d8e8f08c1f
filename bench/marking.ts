import pg from 'pg';
import { openPostgres } from '../dev/postgres.ts';
import { processCpuUs } from './support/cpu.ts';
import { quantile } from './support/statistics.ts';

// What it costs PostgreSQL to remember that a message was published: the ways of docs/decisions/marking.md, one after the
// other in every round, so that a noisy machine is noisy for all of them. Figures are per row; ratios are to `update`.

const ROWS = 20_000;
const ROUNDS = Number(process.argv[2] ?? 5);
let measured = 0;
const BODY = JSON.stringify({ text: 'x'.repeat(600) });

interface Way {
  readonly name: string;
  readonly batch: number;
  /** Makes the table `marked` from an empty copy of the outbox. */
  readonly prepare?: string;
  readonly mark: string;
}

const update = 'UPDATE marked SET processed_at = clock_timestamp() WHERE message_id = ANY ($1::uuid[])';
const progress = `UPDATE marked_progress SET lsn = pg_current_wal_lsn(), updated_at = now()`;
const withProgress = `WITH m AS (${update} RETURNING 1) ${progress} WHERE (SELECT count(*) FROM m) = cardinality($1::uuid[])`;
const partialIndex =
  'CREATE INDEX ON marked (position) WHERE processed_at IS NULL AND parked_at IS NULL AND dropped_at IS NULL';
const ways: Way[] = [
  { name: 'update', batch: 1_000, prepare: partialIndex, mark: withProgress },
  { name: 'update, by 100', batch: 100, prepare: partialIndex, mark: withProgress },
  { name: 'update, by 10', batch: 10, prepare: partialIndex, mark: withProgress },
  {
    name: 'update, no index',
    batch: 1_000,
    prepare: 'ALTER TABLE marked SET (fillfactor = 50)',
    mark: withProgress,
  },
  {
    name: 'delete',
    batch: 1_000,
    prepare: partialIndex,
    mark: 'DELETE FROM marked WHERE message_id = ANY ($1::uuid[])',
  },
  {
    name: 'side table',
    batch: 1_000,
    prepare: 'CREATE TABLE marked_ids (message_id uuid PRIMARY KEY)',
    mark: 'INSERT INTO marked_ids SELECT unnest($1::uuid[])',
  },
  { name: 'progress row only', batch: 1_000, mark: `${progress} WHERE cardinality($1::uuid[]) > 0` },
];

const postgres = await openPostgres();
const results = new Map<string, { cpuUs: number[]; walBytes: number[] }>();
try {
  const db = new pg.Client({ connectionString: postgres.url('postgres') });
  db.on('error', () => undefined); // a query that fails of it tells
  await db.connect();
  for (let round = 0; round <= ROUNDS; round++) {
    for (const way of ways) {
      const { cpuUs, walBytes } = await measure(db, way);
      if (round === 0) continue; // warm-up
      const result = results.get(way.name) ?? { cpuUs: [], walBytes: [] };
      result.cpuUs.push(cpuUs);
      result.walBytes.push(walBytes);
      results.set(way.name, result);
    }
  }
  await db.end();
} finally {
  await postgres.close();
}
const base = quantile(results.get('update')?.cpuUs ?? [], 0.5);
console.table(
  [...results].map(([way, { cpuUs, walBytes }]) => ({
    way,
    'CPU us/row': quantile(cpuUs, 0.5).toFixed(2),
    min: Math.min(...cpuUs).toFixed(2),
    max: Math.max(...cpuUs).toFixed(2),
    ratio: (quantile(cpuUs, 0.5) / base).toFixed(2),
    'WAL bytes/row': quantile(walBytes, 0.5).toFixed(0),
  })),
);

async function measure(db: pg.Client, way: Way): Promise<{ cpuUs: number; walBytes: number }> {
  await db.query(`
    DROP TABLE IF EXISTS marked, marked_ids, marked_progress;
    CREATE TABLE marked (
      message_id uuid PRIMARY KEY, message_body jsonb NOT NULL, position bigint GENERATED ALWAYS AS IDENTITY,
      processed_at timestamptz, parked_at timestamptz, dropped_at timestamptz, error_message text);
    CREATE TABLE marked_progress (slot text PRIMARY KEY, lsn pg_lsn, updated_at timestamptz);
    INSERT INTO marked_progress VALUES ('slot')`);
  if (way.prepare) await db.query(way.prepare);
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO marked (message_id, message_body) SELECT gen_random_uuid(), $1 FROM generate_series(1, ${ROWS})
     RETURNING message_id::text AS id`,
    [BODY],
  );
  await db.query('VACUUM ANALYZE marked');
  await db.query('CHECKPOINT');
  const ids = rows.map(({ id }) => id);
  const name = `mark ${measured++}`; // prepared anew: its table is another one
  const before = { cpu: await backendCpuUs(db), wal: await walPosition(db) };
  for (let at = 0; at < ids.length; at += way.batch) {
    await db.query({ name, text: way.mark, values: [ids.slice(at, at + way.batch)] });
  }
  const after = { cpu: await backendCpuUs(db), wal: await walPosition(db) };
  return { cpuUs: (after.cpu - before.cpu) / ROWS, walBytes: (after.wal - before.wal) / ROWS };
}

/** CPU time of the connection's server process. */
async function backendCpuUs(db: pg.Client): Promise<number> {
  const { rows } = await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return processCpuUs(rows[0]?.pid ?? 0);
}

async function walPosition(db: pg.Client): Promise<number> {
  const { rows } = await db.query<{ bytes: string }>("SELECT pg_current_wal_lsn() - '0/0' AS bytes");
  return Number(rows[0]?.bytes);
}
