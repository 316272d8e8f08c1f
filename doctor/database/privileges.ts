import type pg from 'pg';
import { type Check, check } from '../check.ts';
import { type Judgement, right, wrong } from '../finding.ts';
import type { DatabaseSession } from './session.ts';

/** What a role has to be allowed; `columns`: on each of them, which a right on the whole table covers. */
export interface Privilege {
  /** SQL: the table, quoted. */
  readonly table: string;
  readonly action: 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';
  readonly columns?: readonly string[];
}

/** Whether the role has these, and sees every row of their tables. */
export function privilegeChecks<Source extends DatabaseSession>(
  wantedOf: (source: Source) => readonly Privilege[],
): readonly Check<Source>[] {
  return [
    check(
      'grants',
      (source) => missingPrivileges(source.pool, wantedOf(source)),
      (missing, { facts }) => judgePrivileges(missing, facts.role),
    ),
    check(
      'row-level security',
      (source) => hiddenTables(source.pool, [...new Set(wantedOf(source).map(({ table }) => table))]),
      (hidden, { facts }) => judgeRowSecurity(hidden, facts.role),
    ),
  ];
}

/** Those that this role does not have; of a table that is not there, none. */
async function missingPrivileges(db: pg.Pool, wanted: readonly Privilege[]): Promise<Privilege[]> {
  const { rows } = await db.query<{ at: number }>(
    `SELECT at::int FROM jsonb_array_elements($1) WITH ORDINALITY AS wanted (privilege, at)
     WHERE CASE WHEN privilege->'columns' IS NULL
       THEN NOT has_table_privilege(to_regclass(privilege->>'table'), privilege->>'action')
       ELSE EXISTS (SELECT FROM jsonb_array_elements_text(privilege->'columns') AS name
         WHERE NOT has_column_privilege(to_regclass(privilege->>'table'), name, privilege->>'action')) END`,
    [JSON.stringify(wanted)],
  );
  return rows.flatMap(({ at }) => wanted[at - 1] ?? []);
}

function judgePrivileges(missing: readonly Privilege[], role: string): Judgement {
  if (missing.length === 0) return right('it has the grants that it needs');
  const told = missing.map(({ action, table }) => `${action} on ${table}`).join(', ');
  return wrong(`${role} lacks ${told}`, missing.map((each) => `GRANT ${sql(each)} TO ${role};`).join(' '));
}

function sql({ table, action, columns }: Privilege): string {
  return `${action}${columns ? ` (${columns.join(', ')})` : ''} ON ${table}`;
}

/** Those of these tables of which row-level security would hide rows from this role. SQL names. */
async function hiddenTables(db: pg.Pool, tables: readonly string[]): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    'SELECT name FROM unnest($1::text[]) AS name WHERE row_security_active(to_regclass(name)::oid)',
    [tables],
  );
  return rows.map(({ name }) => name);
}

function judgeRowSecurity(hidden: readonly string[], role: string): Judgement {
  return hidden.length === 0
    ? right('it hides no row from this role')
    : wrong(`it would hide rows of ${hidden.join(', ')} from ${role}`, `ALTER ROLE ${role} BYPASSRLS;`);
}
