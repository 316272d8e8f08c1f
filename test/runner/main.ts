import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { openPostgres } from '../../dev/postgres.ts';
import { TEMPLATE_DATABASE } from '../support/database.ts';

// The test command: one PostgreSQL for the whole run, an empty database migrated by drizzle-kit itself, which every
// test file then clones, and node's own test runner over the files asked for.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { long: { type: 'boolean', default: false } },
});
const suite = values.long ? 'test/**/*.long.ts' : 'test/**/*.test.ts';
const files = positionals.length > 0 ? positionals : globSync(suite);
if (files.length === 0) throw new Error(`No test files match ${suite}`);

// What takes long may: a million orders are a minute, ten million ten.
const timeoutMs = files.some((file) => file.endsWith('.long.ts')) ? 3_600_000 : 300_000;

const postgres = await openPostgres({ settings: { fsync: 'off', max_connections: '200' } });
try {
  const env = { ...process.env, TEST_POSTGRES_URL: postgres.url('postgres') };
  await createTemplate(env);
  const tests = spawnSync(
    process.execPath,
    ['--test', `--test-concurrency=${availableParallelism()}`, `--test-timeout=${timeoutMs}`, ...files],
    { stdio: 'inherit', env },
  );
  process.exitCode = tests.status ?? 1;
} finally {
  await postgres.close();
}

async function createTemplate(env: NodeJS.ProcessEnv): Promise<void> {
  const server = new pg.Client({ connectionString: postgres.url('postgres') });
  await server.connect();
  await server.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  await server.end();
  const migrate = spawnSync('npm', ['run', '--silent', 'db:migrate'], {
    env: { ...env, DATABASE_URL: postgres.url(TEMPLATE_DATABASE) },
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (migrate.status !== 0) throw new Error(`db:migrate failed:\n${migrate.stdout}\n${migrate.stderr}`);
}
