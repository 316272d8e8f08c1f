import type pg from 'pg';
import journal from '../../drizzle/meta/_journal.json' with { type: 'json' };
import { ApiError } from '../api-error.ts';
import { errorCode } from '../core/errors.ts';

const UNDEFINED_TABLE = '42P01';
const INVALID_SCHEMA_NAME = '3F000';

/**
 * Throws SCHEMA_BEHIND if this code's newest migration is not applied; a schema that is ahead is accepted.
 * drizzle-kit orders migrations by their journal time, so the newest applied time tells how far the schema is.
 */
export async function assertSchemaCurrent(db: pg.Pool | pg.ClientBase): Promise<void> {
  const wanted = journal.entries.at(-1);
  if (wanted === undefined) return;
  const applied = await newestApplied(db);
  if (applied >= wanted.when) return;
  throw new ApiError(
    'SCHEMA_BEHIND',
    `The database schema is ${applied === 0 ? 'missing' : 'behind'}: migration ${wanted.tag} is not applied. Run: npm run db:migrate`,
  );
}

async function newestApplied(db: pg.Pool | pg.ClientBase): Promise<number> {
  try {
    const result = await db.query<{ newest: string | null }>(
      'SELECT max(created_at) AS newest FROM drizzle.__drizzle_migrations',
    );
    return Number(result.rows[0]?.newest ?? 0);
  } catch (error) {
    const code = errorCode(error);
    if (code === UNDEFINED_TABLE || code === INVALID_SCHEMA_NAME) return 0;
    throw error;
  }
}
