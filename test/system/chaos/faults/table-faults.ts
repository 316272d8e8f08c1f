import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { until } from '../../../support/until.ts';
import { alter, type Bite, type Choice, type FaultKind, type Stage, succeeds, unsettled } from './fault.ts';

/** One after the other, and not while a slot is lost: each waits for the locks of the others, as the making of a slot does. */
const table = { victim: () => 'postgres', excusesRepeats: true } as const;
/** Of sessions of the system, not of the rig. */
const OURS = "WHEN (current_setting('application_name') NOT LIKE 'chaos-%')";
const LOCKED_ROWS = 20;
let columns = 0;

export const tableFaults = {
  addColumn: {
    ...table,
    label: 'column added to the outbox',
    weight: 1,
    durationMs: [0, 0],
    excusesRepeats: false,
    async run(stage) {
      const bit = (await unsettled(stage)) > 0;
      await alter(stage, `ALTER TABLE outbox ADD COLUMN IF NOT EXISTS chaos_${++columns} text`);
      return { bit };
    },
  },
  rowsLocked: { ...table, label: 'rows locked', weight: 2, durationMs: [500, 8_000], run: lockRows },
  // Longer than an event may be stuck before the relay says so.
  rowsLockedLong: {
    ...table,
    label: 'rows locked for long',
    weight: 1,
    durationMs: [29_000, 33_000],
    run: lockRows,
  },
  rowSecurity: {
    ...table,
    label: 'row-level security switched on and off',
    weight: 1,
    durationMs: [1_000, 8_000],
    run: (stage, choice) =>
      altered(
        stage,
        choice,
        'ALTER TABLE outbox ENABLE ROW LEVEL SECURITY',
        'ALTER TABLE outbox DISABLE ROW LEVEL SECURITY',
      ),
  },
  // As a managed server does whose disk is nearly full: what its clients set does not matter.
  readOnlyServer: {
    ...table,
    label: 'server that takes no writes',
    weight: 1,
    durationMs: [1_000, 8_000],
    run: (stage, choice) =>
      triggered(
        stage,
        choice,
        "RAISE EXCEPTION 'cannot execute % in a read-only transaction', TG_OP USING ERRCODE = 'read_only_sql_transaction';",
      ),
  },
  slowServer: {
    ...table,
    label: 'slow server',
    weight: 1,
    durationMs: [1_000, 8_000],
    run: (stage, choice) => triggered(stage, choice, 'PERFORM pg_sleep(0.3); RETURN NULL;'),
  },
} satisfies Record<string, FaultKind>;

/** Another session holds some rows that are on their way, so that they can be sent and not be marked. */
async function lockRows({ rig }: Stage, { durationMs }: Choice): Promise<Bite> {
  const holder = new pg.Client({ connectionString: rig.databaseUrl, application_name: 'chaos-holder' });
  holder.on('error', () => undefined); // with PostgreSQL its locks are gone
  try {
    await holder.connect();
    await holder.query('BEGIN');
    const sql = `SELECT FROM outbox WHERE processed_at IS NULL AND parked_at IS NULL AND deferred_at IS NULL
      ORDER BY position LIMIT ${LOCKED_ROWS} FOR UPDATE SKIP LOCKED`;
    await until('some rows are on their way', async () => (await holder.query(sql)).rowCount, 5_000);
    await sleep(durationMs);
    return { bit: await succeeds(holder.query('COMMIT')) };
  } finally {
    await holder.end().catch(() => undefined); // it may be gone already
  }
}

async function altered(stage: Stage, { durationMs }: Choice, begin: string, end: string): Promise<Bite> {
  await alter(stage, begin);
  await sleep(durationMs);
  const bit = (await unsettled(stage)) > 0;
  await alter(stage, end);
  return { bit };
}

/** For a while, this is done before each of our statements that writes to the tables of the relay. */
function triggered(stage: Stage, choice: Choice, body: string): Promise<Bite> {
  const tables = ['outbox', 'relay_progress'];
  const begin = `CREATE OR REPLACE FUNCTION chaos() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
    ${tables.map((name) => `CREATE OR REPLACE TRIGGER chaos BEFORE INSERT OR UPDATE OR DELETE ON ${name} ${OURS} EXECUTE FUNCTION chaos()`).join(';')}`;
  const end = tables.map((name) => `DROP TRIGGER IF EXISTS chaos ON ${name}`).join(';');
  return altered(stage, choice, begin, end);
}
