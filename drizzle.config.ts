import { existsSync } from 'node:fs';
import { defineConfig } from 'drizzle-kit';

if (existsSync('.env')) process.loadEnvFile('.env');

export default defineConfig({
  dialect: 'postgresql',
  schema: './src/db/schema.ts',
  out: './drizzle',
  // `generate` and `check` need no database, so a missing DATABASE_URL is an error only of `migrate`.
  dbCredentials: { url: process.env['DATABASE_URL'] ?? '' },
});
