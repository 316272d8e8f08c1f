import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import { ApiError } from '../../api-error.ts';
import { connectionConfig } from '../../core/database-auth.ts';
import { orderMigrations, readMigrations } from '../migrations.ts';
import { assertSchemaCurrent, newestApplied } from '../schema-version.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../drizzle', import.meta.url));
/** The migrations name it. */
const SCHEMA = 'public';
const CONNECT_WITHIN_MS = 5_000;
/** Any number that nobody else takes in this database. */
const LOCK = 7_236_418_205;

/**
 * Applies the migrations that are missing, as `drizzle-kit migrate` does, and notes them where it does. Of several at once, one
 * does it and the others wait for it. Throws SCHEMA_NOT_FOUND when tables would not be, or are not, where the processes look for
 * them, and what `pg` throws; then nothing of the migrations is applied. `folder`: those of another service.
 */
export async function migrateDatabase(
  url: string,
  say: (line: string) => void,
  folder?: string,
): Promise<void> {
  const migrations = folder === undefined ? orderMigrations : readMigrations(folder);
  const [turn, client] = [connection(url), connection(url)];
  try {
    await turn.connect();
    await takeTurn(turn, say);
    await client.connect();
    const before = await newestApplied(client);
    const missing = migrations.entries.filter(({ when }) => when > before).map(({ tag }) => tag);
    if (missing.length > 0) {
      await assertInSchema(client);
      await migrate(drizzle(client), { migrationsFolder: folder ?? MIGRATIONS });
    }
    await assertSchemaCurrent(client, migrations);
    const { database, host, port } = client;
    const where = `the database ${database} on ${host}:${port}`;
    say(
      missing.length > 0
        ? `Applied to ${where}: ${missing.join(', ')}`
        : `Nothing to apply: ${where} is current`,
    );
  } finally {
    await Promise.all([turn.end(), client.end()]);
  }
}

function connection(url: string): pg.Client {
  const client = new pg.Client({
    ...connectionConfig(url, CONNECT_WITHIN_MS),
    application_name: 'db:migrate',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
  });
  // What is asked of a connection that is lost fails, and says why.
  client.on('error', () => undefined);
  return client;
}

/** Until this connection ends. A lock of a transaction, not of a session: a pooler hands a session on with its locks. */
async function takeTurn(client: pg.Client, say: (line: string) => void): Promise<void> {
  // Waiting, and keeping the others waiting, may take as long as the migrations do.
  await client.query(
    `BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0`,
  );
  const { rows } = await client.query<{ taken: boolean }>(
    `SELECT pg_try_advisory_xact_lock(${LOCK}) AS taken`,
  );
  if (rows[0]?.taken) return;
  say('Another db:migrate is at work on this database: waiting for it');
  await client.query(`SELECT pg_advisory_xact_lock(${LOCK})`);
}

async function assertInSchema(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ schema: string | null; path: string; role: string }>(
    `SELECT current_schema() AS schema, current_setting('search_path') AS path, current_user AS role`,
  );
  const [{ schema, path, role } = { schema: null, path: '', role: '' }] = rows;
  if (schema === SCHEMA) return;
  throw new ApiError(
    'SCHEMA_NOT_FOUND',
    `The migrations are for the schema ${SCHEMA}, and what ${role} makes goes into ${schema ?? 'none'} (search_path ${path}). ` +
      `Correct it by ALTER ROLE ${role} SET search_path = ${SCHEMA} or in the options of DATABASE_URL, and GRANT USAGE, CREATE ON SCHEMA ${SCHEMA} TO ${role}`,
  );
}
