import type pg from 'pg';
import { ApiError } from '../api-error.ts';
import { errorCode } from '../core/errors.ts';
import { type Migrations, orderMigrations } from './migrations.ts';

const UNDEFINED_TABLE = '42P01';
const INVALID_SCHEMA_NAME = '3F000';

/**
 * Throws SCHEMA_BEHIND if the newest of these migrations is not applied, SCHEMA_NOT_FOUND if its tables are not where this session
 * looks for them; a schema that is ahead is accepted. drizzle-kit orders migrations by their journal time, so the newest applied
 * time tells how far the schema is.
 */
export async function assertSchemaCurrent(
  db: pg.Pool | pg.ClientBase,
  { entries, folder }: Migrations = orderMigrations,
): Promise<void> {
  const wanted = entries.at(-1);
  if (wanted === undefined) return;
  const { applied, isFound, searchPath, schemas } = await inspectSchema(db);
  if (applied < wanted.when) {
    throw new ApiError(
      'SCHEMA_BEHIND',
      `The database schema is ${applied === 0 ? 'missing' : 'behind'}: migration ${wanted.tag} is not applied. Run: npm run db:migrate${folder === undefined ? '' : ` -- ${folder}`}`,
    );
  }
  if (!isFound) {
    throw new ApiError(
      'SCHEMA_NOT_FOUND',
      `There is no table outbox on the search_path (${searchPath}) of this session; the database has one in: ${schemas ?? 'no schema'}. ` +
        'Correct it by ALTER ROLE ... SET search_path, or by ?options=-c%20search_path%3DSCHEMA in the URL',
    );
  }
}

/** The journal time of the newest migration that is applied; 0: none. Throws what `pg` throws. */
export async function newestApplied(db: pg.Pool | pg.ClientBase): Promise<number> {
  return (await inspectSchema(db)).applied;
}

interface SchemaState {
  /** The time of the newest migration; 0: none. */
  readonly applied: number;
  readonly isFound: boolean;
  readonly searchPath: string;
  /** Those that have a table outbox. */
  readonly schemas: string | null;
}

async function inspectSchema(db: pg.Pool | pg.ClientBase): Promise<SchemaState> {
  try {
    const { rows } = await db.query<SchemaState>(
      `SELECT coalesce(max(created_at), 0)::float8 AS applied, to_regclass('outbox') IS NOT NULL AS "isFound",
         current_setting('search_path') AS "searchPath",
         (SELECT string_agg(relnamespace::regnamespace::text, ', ') FROM pg_class WHERE relname = 'outbox' AND relkind IN ('r', 'p'))
           AS schemas
       FROM drizzle.__drizzle_migrations`,
    );
    return rows[0] ?? MISSING;
  } catch (error) {
    const code = errorCode(error);
    if (code === UNDEFINED_TABLE || code === INVALID_SCHEMA_NAME) return MISSING;
    throw error;
  }
}

const MISSING: SchemaState = { applied: 0, isFound: false, searchPath: '', schemas: null };
