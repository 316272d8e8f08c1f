import { globSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { openPostgres } from '../dev/postgres.ts';
import { RelayMonitor } from '../relay/monitoring/relay-monitor.ts';
import { OutboxStore } from '../relay/outbox/outbox-store.ts';
import { parseOutboxTable } from '../relay/outbox/outbox-table.ts';
import { Retention } from '../relay/retention/retention.ts';
import { createLogger } from '../src/core/log.ts';

// What docs/decisions/retention.md says: how fast old rows are deleted at the pace of production, and what marking, which every
// event waits for, feels of it. Retention is on and off in turns of two seconds, so that a noisy machine is noisy for both.

const OLD_ROWS = Number(process.argv[2] ?? 100_000);
const MARKED_AT_ONCE = 250;
const MARK_EVERY_MS = 250;
const TURN_MS = 2_000;
const SLOT = 'order_outbox';
const OUTBOX = parseOutboxTable('outbox');

const postgres = await openPostgres();
try {
  const db = new pg.Pool({ connectionString: postgres.url('postgres'), max: 2 });
  db.on('error', () => undefined); // a query that fails of it tells
  for (const file of globSync('drizzle/*.sql').toSorted()) {
    for (const statement of readFileSync(file, 'utf8').split('--> statement-breakpoint'))
      await db.query(statement);
  }
  await db.query(
    `INSERT INTO relay_progress (slot, settled_lsn, system_identifier, timeline, epoch) VALUES ($1, 'FFFFFFFF/0', '1', 1, 1)`,
    [SLOT],
  );
  await insertRows(db, OLD_ROWS);
  await db.query(`UPDATE outbox SET processed_at = now() - interval '2 hours'`);
  await db.query('VACUUM ANALYZE outbox');

  const monitor = new RelayMonitor();
  const log = createLogger({ level: 'warn', service: 'bench' });
  const retention = new Retention(
    { pool: db, table: OUTBOX, monitor, log, random: Math.random },
    { keepMs: 3_600_000, everyMs: 10 },
  );
  const marks = { without: [] as number[], with: [] as number[] };
  let secondsOn = 0;
  while (monitor.counts.deletedRows < OLD_ROWS) {
    await markFor(TURN_MS, db, marks.without);
    const ending = new AbortController();
    const startedAt = performance.now();
    const running = retention.run(() => 2n ** 64n, ending.signal);
    await markFor(TURN_MS, db, marks.with);
    ending.abort();
    await running;
    secondsOn += (performance.now() - startedAt) / 1_000;
  }
  console.log(`${Math.round(monitor.counts.deletedRows / secondsOn)} rows deleted a second`);
  console.table(Object.entries(marks).map(([name, ms]) => ({ retention: name, ...quantiles(ms) })));
  await db.end();
} finally {
  await postgres.close();
}

/** Inserts and marks a thousand rows a second; adds how long each mark took, in milliseconds. */
async function markFor(ms: number, db: pg.Pool, took: number[]): Promise<void> {
  const store = new OutboxStore(db, OUTBOX);
  for (const endsAt = performance.now() + ms; performance.now() < endsAt; ) {
    const messageIds = await insertRows(db, MARKED_AT_ONCE);
    const startedAt = performance.now();
    await store.mark({
      slot: SLOT,
      epoch: 1n,
      messageIds,
      settledLsn: 2n ** 63n,
      markedLsn: 0n,
      stored: { settledLsn: 0n, markedLsn: 0n },
    });
    took.push(performance.now() - startedAt);
    await sleep(MARK_EVERY_MS);
  }
}

async function insertRows(db: pg.Pool, count: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
     SELECT gen_random_uuid(), 'OrderCreated', to_jsonb(repeat('x', 600)), gen_random_uuid()::text FROM generate_series(1, $1)
     RETURNING message_id::text AS id`,
    [count],
  );
  return rows.map(({ id }) => id);
}

function quantiles(ms: readonly number[]) {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.floor((sorted.length - 1) * part)]?.toFixed(1);
  return { marks: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}
