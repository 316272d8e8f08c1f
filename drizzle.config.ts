import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Type } from '@sinclair/typebox';
import { defineConfig } from 'drizzle-kit';
import { loadConfig, sharedConfig } from './src/core/config.ts';
import { asPgReadsIt } from './src/core/postgres-url.ts';

if (existsSync('.env')) process.loadEnvFile('.env');

export default defineConfig({
  dialect: 'postgresql',
  schema: './src/db/schema.ts',
  out: './drizzle',
  // `generate` and `check` need no database.
  dbCredentials: { url: process.argv[2] === 'migrate' ? databaseUrl() : '' },
});

function databaseUrl(): string {
  const { DATABASE_URL } = loadConfig(Type.Object({ DATABASE_URL: sharedConfig.DATABASE_URL }), process.env);
  // drizzle-kit 0.31.11 ends with 1 and without a word when a migration fails, whatever the reason.
  const url = asPgReadsIt(DATABASE_URL);
  process.once('exit', (code) => code !== 0 && tellWhy(url));
  return url;
}

/** Tries to connect, in a process of its own: this one is ending and waits for nothing that is asynchronous. */
function tellWhy(url: string): void {
  const connect = `
    import pg from 'pg';
    const client = new pg.Client({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 5_000 });
    try {
      await client.connect();
      await client.end();
      console.error('db:migrate failed: PostgreSQL refused a statement; its log says which one and why');
    } catch (error) {
      console.error('db:migrate failed: DATABASE_URL cannot be connected to:', error.message || error.code);
    }`;
  process.stderr.write('\n');
  spawnSync(process.execPath, ['--input-type=module', '--eval', connect], {
    env: { ...process.env, DATABASE_URL: url },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
