import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import type { LocalPostgres } from '../../dev/postgres.ts';

const MIGRATIONS = fileURLToPath(new URL('../../drizzle', import.meta.url));

/** A database with the tables, on a cluster of the test's own, unless that has it; returns its URL. */
export async function migratedDatabase(postgres: LocalPostgres, name: string): Promise<string> {
  const server = new pg.Client({ connectionString: postgres.url('postgres') });
  await server.connect();
  const { rowCount } = await server.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  if (rowCount === 0) await server.query(`CREATE DATABASE ${name}`);
  await server.end();
  if (rowCount === 0) await migrateHere(postgres.url(name));
  return postgres.url(name);
}

/** What `npm run db:migrate` does, without the two seconds that npm and drizzle-kit take to start. */
export async function migrateHere(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS });
  } finally {
    await client.end();
  }
}
