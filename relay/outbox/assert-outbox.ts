import type pg from 'pg';
import { RelayError } from '../relay-error.ts';
import { type Column, OUTBOX_COLUMNS, PROGRESS_COLUMNS } from './outbox-definition.ts';
import type { OutboxTable } from './outbox-table.ts';

const WAY_OUT = 'Run: npm run db:migrate, or for the outbox of another application: npm run outbox -- init';

/** Throws OUTBOX_INCOMPLETE that names every table and column that the relay uses and that is missing or of another type. */
export async function assertOutbox(
  db: pg.Pool | pg.ClientBase,
  { name, schema, outbox, progress }: OutboxTable,
): Promise<void> {
  const columns = await columnsOf(db, outbox);
  const faults = [
    ...findFaults(`The table ${name}`, OUTBOX_COLUMNS, columns),
    ...findFaults(`The table relay_progress beside ${name}`, PROGRESS_COLUMNS, await columnsOf(db, progress)),
  ];
  if (faults.length === 0) return;
  const isElsewhere = schema === undefined && columns.size === 0;
  const path = isElsewhere ? `${await searchPath(db)}. ` : '';
  throw new RelayError('OUTBOX_INCOMPLETE', `${faults.join('. ')}. ${path}${WAY_OUT}`);
}

/** Where a table without a schema is looked for, and how to look elsewhere. */
async function searchPath(db: pg.Pool | pg.ClientBase): Promise<string> {
  const { rows } = await db.query<{ path: string }>("SELECT current_setting('search_path') AS path");
  return `The search_path is ${rows[0]?.path}: correct it by ALTER ROLE ... SET search_path, or name the schema in OUTBOX_TABLE`;
}

/** What a table lacks; `found`: the type of each column, nothing of a table that does not exist. */
export function findFaults(
  table: string,
  wanted: readonly Column[],
  found: ReadonlyMap<string, string>,
): string[] {
  if (found.size === 0) return [`${table} does not exist`];
  const missing = wanted.filter(({ name }) => !found.has(name)).map(({ name }) => name);
  const others = wanted.filter(
    ({ name, type, anyType }) => !anyType && found.has(name) && found.get(name) !== withoutPrecision(type),
  );
  return [
    ...(missing.length > 0 ? [`${table} has no ${missing.join(', ')}`] : []),
    ...others.map(
      ({ name, type }) =>
        `${table} has ${name} as ${found.get(name)}: ALTER TABLE ... ALTER COLUMN ${name} TYPE ${type}`,
    ),
  ];
}

async function columnsOf(db: pg.Pool | pg.ClientBase, table: string): Promise<Map<string, string>> {
  const { rows } = await db.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [table],
  );
  return new Map(rows.map(({ name, type }) => [name, type]));
}

const withoutPrecision = (type: string) => type.replace(/\(\d+\)/, '');
