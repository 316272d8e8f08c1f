import { type Check, check, knownCheck } from '../check.ts';
import { judgeClock } from '../clock.ts';
import { type Judgement, right, risky, wrong } from '../finding.ts';
import type { DatabaseSession, SessionFacts } from './session.ts';

/** What the tests run on; below, what was last tried. */
const NEWEST = 18;
const OLDEST = 15;
const HOSTS_HERE = /^(localhost|127\..*|\[::1\]|)$/;

export function judgeVersion({ version }: Pick<SessionFacts, 'version'>): Judgement {
  const major = Math.floor(version / 10_000);
  if (major < OLDEST) return wrong(`PostgreSQL ${major} is older than ${OLDEST}: upgrade it`);
  if (major > NEWEST) return risky(`PostgreSQL ${major} has not been tried: ${OLDEST} to ${NEWEST} have`);
  return right(`PostgreSQL ${major}`);
}

export function judgeEncryption(url: string, { isEncrypted }: Pick<SessionFacts, 'isEncrypted'>): Judgement {
  if (isEncrypted) return right('the connection is encrypted');
  if (HOSTS_HERE.test(hostOf(url))) return right('not encrypted, and the server is on this machine');
  return risky('the connection is not encrypted: ask for it with ?sslmode=verify-full in the URL');
}

/** Of every database that a process of ours connects to. */
export const serverChecks: readonly Check<DatabaseSession>[] = [
  knownCheck('version', ({ facts }) => judgeVersion(facts)),
  knownCheck('encryption', ({ url, facts }) => judgeEncryption(url, facts)),
  check('primary', isStandby, (standby) =>
    standby
      ? wrong('this server is a standby and takes no writes: the URL has to name the primary')
      : right('it takes writes'),
  ),
  check('encoding', askEncoding, (encoding) =>
    encoding === 'UTF8'
      ? right('UTF8')
      : risky(
          `the database has the encoding ${encoding}, so a row may have text that cannot be sent: give it UTF8 (docs/runbook.md)`,
        ),
  ),
  check('clock', askClock, judgeClock),
  check('crash safety', askDurability, (off) =>
    off.length === 0
      ? right('fsync and full_page_writes are on')
      : risky(
          `${off.join(' and ')} off: a crash of the machine may damage the database`,
          off
            .map((name) => `ALTER SYSTEM SET ${name} = on;`)
            .join(' ')
            .concat(' SELECT pg_reload_conf();'),
        ),
  ),
];

async function isStandby({ pool }: DatabaseSession): Promise<boolean> {
  const { rows } = await pool.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby');
  return rows[0]?.standby === true;
}

async function askEncoding({ pool }: DatabaseSession): Promise<string> {
  const { rows } = await pool.query<{ encoding: string }>(
    "SELECT current_setting('server_encoding') AS encoding",
  );
  return rows[0]?.encoding ?? 'unknown';
}

/** Compared with the middle of the question's time. */
async function askClock({ pool }: DatabaseSession): Promise<number> {
  const asked = Date.now();
  const { rows } = await pool.query<{ now: string }>(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now',
  );
  return Number(rows[0]?.now) - (asked + Date.now()) / 2;
}

async function askDurability({ pool }: DatabaseSession): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off' ORDER BY name",
  );
  return rows.map(({ name }) => name);
}

function hostOf(url: string): string {
  return URL.parse(url)?.hostname ?? '';
}
