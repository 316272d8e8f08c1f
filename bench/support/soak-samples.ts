import { readdirSync } from 'node:fs';
import type pg from 'pg';
import { memoryMb } from './cpu.ts';

/** What could grow, by what it is called in the table. */
const FIGURES = {
  'relay, MiB resident': { slack: 10 },
  'api, MiB resident': { slack: 15 },
  'outbox, rows': { slack: 1_000 },
  'outbox with its indexes, MiB': { slack: 5 },
  'connections to PostgreSQL': { slack: 1 },
  'file descriptors of relay and api': { slack: 2 },
  'slot behind, KiB': { slack: 256 },
} as const;
/** What the last quarter may have more than the first, beside the slack. */
const FLAT = 1.1;

export type SoakSample = Readonly<Record<keyof typeof FIGURES, number>>;

export async function sampleSoak(db: pg.Pool, pids: { relay: number; api: number }): Promise<SoakSample> {
  const { rows } = await db.query<{ rows: number; bytes: number; connections: number; lag: number }>(
    `SELECT (SELECT count(*)::int FROM outbox) AS rows, pg_total_relation_size('outbox')::float8 AS bytes,
       (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type IN ('client backend', 'walsender')) AS connections,
       (SELECT (pg_current_wal_lsn() - confirmed_flush_lsn)::float8 FROM pg_replication_slots LIMIT 1) AS lag`,
  );
  const [{ rows: count, bytes, connections, lag } = { rows: 0, bytes: 0, connections: 0, lag: 0 }] = rows;
  return {
    'relay, MiB resident': memoryMb(pids.relay).now,
    'api, MiB resident': memoryMb(pids.api).now,
    'outbox, rows': count,
    'outbox with its indexes, MiB': bytes / 2 ** 20,
    'connections to PostgreSQL': connections,
    'file descriptors of relay and api': descriptors(pids.relay) + descriptors(pids.api),
    'slot behind, KiB': lag / 1024,
  };
}

/** The first quarter of the time beside the last, as a table in Markdown. Pure. */
export function compareQuarters(samples: readonly SoakSample[]): { lines: string[]; isFlat: boolean } {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const first = samples.slice(0, quarter);
  const last = samples.slice(-quarter);
  const lines = ['| | first quarter: mean | max | last quarter: mean | max |', '|---|---|---|---|---|'];
  let isFlat = samples.length > 0;
  for (const [name, { slack }] of Object.entries(FIGURES)) {
    const of = (part: readonly SoakSample[]) => part.map((sample) => sample[name as keyof typeof FIGURES]);
    const [before, after] = [of(first), of(last)];
    lines.push(
      `| ${[name, ...[before, after].flatMap((values) => [mean(values), Math.max(...values)].map(rounded))].join(' | ')} |`,
    );
    isFlat &&= mean(after) <= FLAT * mean(before) + slack;
  }
  return { lines, isFlat };
}

function rounded(value: number | string): string {
  return Number(value).toLocaleString('en', { maximumFractionDigits: Number(value) < 100 ? 1 : 0 });
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
