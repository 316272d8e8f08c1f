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
  process.once('exit', (code) => {
    if (code !== 0)
      process.stderr.write('\ndrizzle-kit does not say why it failed: npm run db:migrate does\n');
  });
  return asPgReadsIt(DATABASE_URL);
}
