import { randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import pg from 'pg';
import { cleanup } from './cleanup.ts';

export const TEMPLATE_DATABASE = 'template_orders';
/** PostgreSQL's own: nothing is in it. */
export const EMPTY = { template: 'template0' };

export interface TestDatabase {
  readonly url: string;
  readonly name: string;
  readonly pool: pg.Pool;
}

/** A database of the test's own, migrated unless it is made of another template, dropped with its replication slots when the test ends. */
export async function createDatabase(
  t: TestContext | { after(fn: () => Promise<void>): void },
  { template = TEMPLATE_DATABASE, encoding }: { template?: string; encoding?: string } = {},
): Promise<TestDatabase> {
  const serverUrl = process.env['TEST_POSTGRES_URL'];
  if (!serverUrl) throw new Error('TEST_POSTGRES_URL is not set: run tests with `npm test -- PATH`');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href;
  const encoded = encoding ? `ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'` : '';
  await onServer(serverUrl, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY ${encoded}`);

  const pool = new pg.Pool({ connectionString: url, max: 10 });
  pool.on('error', () => undefined); // tests kill backends on purpose
  cleanup(t, async () => {
    await pool.end();
    await onServer(
      serverUrl,
      `SELECT pg_terminate_backend(active_pid, 5000) FROM pg_replication_slots WHERE database = '${name}' AND active`,
      `SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '${name}'`,
      `DROP DATABASE ${name} WITH (FORCE)`,
    );
  });
  return { url, name, pool };
}

async function onServer(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
