import pg from 'pg';
import { type LocalPostgres, openPostgres } from '../../dev/postgres.ts';
import { migrate } from '../../dev/stack.ts';
import { TEMPLATE_DATABASE } from '../support/database.ts';

/** The PostgreSQL of a run: with an empty database, migrated by drizzle-kit itself, which each test clones. The caller closes it. */
export async function openTestPostgres(): Promise<LocalPostgres> {
  const postgres = await openPostgres({ settings: { fsync: 'off', max_connections: '300' } });
  const server = new pg.Client({ connectionString: postgres.url('postgres') });
  await server.connect();
  await server.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await server.end();
  migrate(postgres.url(TEMPLATE_DATABASE));
  return postgres;
}
