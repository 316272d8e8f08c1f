import pg from 'pg';
import { type LocalPostgres, openPostgres } from '../../dev/postgres.ts';
import { migrate } from '../../dev/stack.ts';
import { TEMPLATE_DATABASE } from '../support/database.ts';

/**
 * The PostgreSQL of a run: with an empty database, migrated by the command that an operator runs, which each test clones. The caller closes it.
 * TEST_POSTGRES_DATA is then the data of the same cluster as it was made in `folder`: tests that need a server of their own
 * begin with a copy, and so does a run within this one.
 */
export async function openTestPostgres(folder: string): Promise<LocalPostgres> {
  const copyOf = process.env['TEST_POSTGRES_DATA'] ?? (await makeCluster(folder));
  process.env['TEST_POSTGRES_DATA'] = copyOf;
  return openPostgres({ copyOf, settings: { fsync: 'off', max_connections: '300' } });
}

async function makeCluster(folder: string): Promise<string> {
  const postgres = await openPostgres({ keepIn: folder, settings: { fsync: 'off' } });
  try {
    await onServer(postgres, `CREATE DATABASE ${TEMPLATE_DATABASE}`);
    migrate(postgres.url(TEMPLATE_DATABASE));
    await onServer(postgres, `CREATE DATABASE orders TEMPLATE ${TEMPLATE_DATABASE}`);
  } finally {
    await postgres.close();
  }
  return postgres.dataDir;
}

async function onServer(postgres: LocalPostgres, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
