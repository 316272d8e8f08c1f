import { spawnSync } from 'node:child_process';
import pg from 'pg';
import type { LocalPostgres } from '../../dev/postgres.ts';

/** A database with the tables, on a cluster of the test's own; returns its URL. */
export async function migratedDatabase(postgres: LocalPostgres, name: string): Promise<string> {
  const server = new pg.Client({ connectionString: postgres.url('postgres') });
  await server.connect();
  await server.query(`CREATE DATABASE ${name}`);
  await server.end();
  const url = postgres.url(name);
  const migrate = spawnSync('npm', ['run', '--silent', 'db:migrate'], {
    env: { ...process.env, DATABASE_URL: url },
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (migrate.status !== 0) throw new Error(`db:migrate failed:\n${migrate.stdout}\n${migrate.stderr}`);
  return url;
}
