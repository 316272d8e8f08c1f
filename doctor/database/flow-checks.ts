import { OutboxAges, type ParkedEvents } from '../../relay/monitoring/outbox-ages.ts';
import { STALLED_AFTER_MS } from '../../relay/monitoring/progress-watch.ts';
import { type Check, check } from '../check.ts';
import { cannotTell, type Judgement, right, risky, wrong } from '../finding.ts';
import type { RelayDatabase } from './relay-database.ts';

const OPEN_FOR_S = 60;

export function judgeOldest(ageMs: number | undefined, port: number): Judgement {
  if (ageMs === undefined) return right('every event is settled');
  const seconds = Math.round(ageMs / 1_000);
  return ageMs > STALLED_AFTER_MS
    ? wrong(`the oldest event has waited for ${seconds} s`, `curl -s http://localhost:${port}/status`)
    : right(`the oldest event has waited for ${seconds} s`);
}

export function judgeParked({ parked, waiting }: Pick<ParkedEvents, 'parked' | 'waiting'>): Judgement {
  return parked === 0
    ? right('no message is parked')
    : risky(`${parked} parked, and ${waiting} waiting: a person has to decide`, 'npm run outbox -- list');
}

/** What keeps a slot from being made, and VACUUM from its work. */
export interface OpenTransaction {
  /** 0: it is prepared, and of no process. */
  readonly pid: number;
  readonly name: string;
  readonly seconds: number;
  /** SQL: what ends it. */
  readonly end: string;
}

export function judgeOpen(
  open: readonly OpenTransaction[],
  seesStatistics: boolean,
  role: string,
): Judgement {
  const [oldest] = open;
  if (oldest) {
    const who =
      oldest.pid === 0 ? `the prepared transaction ${oldest.name}` : `${oldest.name} (${oldest.pid})`;
    const others = open.length > 1 ? `, and ${open.length - 1} more` : '';
    return risky(
      `${who} has been open for ${oldest.seconds} s${others}: it blocks the making of a slot`,
      oldest.end,
    );
  }
  return seesStatistics
    ? right(`none has been open for ${OPEN_FOR_S} s`)
    : cannotTell(`${role} does not see those of others`, `GRANT pg_read_all_stats TO ${role};`);
}

interface Waiting {
  readonly pid: number;
  readonly blockers: readonly number[];
}

export function judgeLocks(waiting: readonly Waiting[]): Judgement {
  const blockers = [...new Set(waiting.flatMap((each) => each.blockers))];
  return blockers.length === 0
    ? right('nobody waits for a lock')
    : risky(
        `${waiting.length} wait for locks of ${blockers.join(', ')}`,
        `SELECT pid, state, query FROM pg_stat_activity WHERE pid IN (${blockers.join(', ')});`,
      );
}

export const flowChecks: readonly Check<RelayDatabase>[] = [
  check('oldest event', askOldest, (ageMs, { port }) => judgeOldest(ageMs, port)),
  check(
    'parked',
    ({ pool, table, routing }) => new OutboxAges(pool, table).parkedEvents(routing),
    judgeParked,
  ),
  check('open transactions', askOpen, (open, { facts }) => judgeOpen(open, facts.seesStatistics, facts.role)),
  check('locks', askLocks, judgeLocks),
];

/** By the database's clock. */
async function askOldest({ pool, table }: RelayDatabase): Promise<number | undefined> {
  const due = await new OutboxAges(pool, table).oldestDue(0n);
  if (!due) return undefined;
  const { rows } = await pool.query<{ age: string }>(
    `SELECT extract(epoch FROM now() - created_at) * 1000 AS age FROM ${table.outbox} WHERE message_id = $1`,
    [due.messageId],
  );
  return rows[0] && Number(rows[0].age);
}

async function askOpen({ pool }: RelayDatabase): Promise<OpenTransaction[]> {
  const { rows } = await pool.query<OpenTransaction>(
    `SELECT pid, name, seconds::int, "end" FROM (
       SELECT pid, coalesce(nullif(application_name, ''), usename, backend_type) AS name,
         extract(epoch FROM now() - xact_start) AS seconds, format('SELECT pg_terminate_backend(%s);', pid) AS "end"
       FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type <> 'walsender'
       UNION ALL SELECT 0, gid, extract(epoch FROM now() - prepared), format('ROLLBACK PREPARED %L;', gid) FROM pg_prepared_xacts
     ) AS open WHERE seconds > $1 ORDER BY seconds DESC`,
    [OPEN_FOR_S],
  );
  return rows;
}

async function askLocks({ pool }: RelayDatabase): Promise<Waiting[]> {
  const { rows } = await pool.query<Waiting>(
    `SELECT DISTINCT pid, pg_blocking_pids(pid) AS blockers FROM pg_locks WHERE NOT granted AND cardinality(pg_blocking_pids(pid)) > 0`,
  );
  return rows;
}
