import { type Check, check } from '../check.ts';
import { type Judgement, right, risky, wrong } from '../finding.ts';
import type { DatabaseSession } from './session.ts';

/** A setting that sessions of this role in this database begin with. */
export interface RoleSetting {
  readonly name: string;
  readonly value: string;
  /** SQL: what it was set by, such as `ALTER ROLE order_relay`. */
  readonly origin: string;
}

/** A shorter time limit may end a session before it has set its own. */
const SHORTEST_MS = 1_000;
const UNIT_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** What a session cannot set back by itself: docs/decisions/session-settings.md */
const HARM: Readonly<
  Record<string, (value: string) => ((reason: string, command: string) => Judgement) | undefined>
> = {
  dynamic_library_path: (value) => (value.includes('$libdir') ? undefined : wrong),
  session_preload_libraries: (value) => (value === '' || value === '""' ? undefined : risky),
  local_preload_libraries: (value) => (value === '' || value === '""' ? undefined : risky),
  temp_file_limit: (value) => (value === '-1' ? undefined : risky),
};

const WHY: Readonly<Record<string, string>> = {
  dynamic_library_path: 'PostgreSQL does not find pgoutput there',
  session_preload_libraries: 'a library that is not there keeps every session from beginning',
  local_preload_libraries: 'a library that is not there keeps every session from beginning',
  temp_file_limit: 'making the slot may need temporary files',
};

/** The worst of what the role or the database sets. */
export function judgeRoleSettings(settings: readonly RoleSetting[]): Judgement {
  const judged = settings.flatMap((setting) => judgeSetting(setting) ?? []);
  const worst = judged.find(({ verdict }) => verdict === 'wrong') ?? judged[0];
  if (worst) return worst;
  const names = settings.map(({ name }) => name).join(', ');
  return right(names === '' ? 'none' : `each session sets back what would harm it: ${names}`);
}

function judgeSetting({ name, value, origin }: RoleSetting): Judgement | undefined {
  const reset = `${origin} RESET ${name};`;
  const harm = HARM[name]?.(value);
  if (harm) return harm(`${origin} SET ${name} = '${value}': ${WHY[name]}`, reset);
  if (!name.endsWith('_timeout') || !isTooShort(value)) return undefined;
  return risky(
    `${origin} SET ${name} = '${value}': it may end a session before that has set its own limit`,
    reset,
  );
}

function isTooShort(value: string): boolean {
  const [, amount, unit = 'ms'] = /^(\d+)\s*(us|ms|s|min|h|d)?$/.exec(value) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit] ?? 1);
  return ms > 0 && ms < SHORTEST_MS;
}

export const roleSettingsCheck: Check<DatabaseSession> = check(
  'role settings',
  askSettings,
  judgeRoleSettings,
);

async function askSettings({ pool }: DatabaseSession): Promise<RoleSetting[]> {
  const { rows } = await pool.query<RoleSetting>(
    `SELECT split_part(entry, '=', 1) AS name, substr(entry, strpos(entry, '=') + 1) AS value,
       CASE WHEN setrole = 0 AND setdatabase = 0 THEN 'ALTER ROLE ALL'
         WHEN setrole = 0 THEN 'ALTER DATABASE ' || quote_ident(current_database())
         WHEN setdatabase = 0 THEN 'ALTER ROLE ' || quote_ident(current_user)
         ELSE format('ALTER ROLE %I IN DATABASE %I', current_user, current_database()) END AS origin
     FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS entry
     WHERE setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = current_user))
       AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
     ORDER BY name`,
  );
  return rows;
}
