import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Type } from '@sinclair/typebox';
import { loadConfig, sharedConfig } from '../../core/config.ts';
import { awaitSignIn, signInUrl } from '../../core/database-auth.ts';
import { errorCode } from '../../core/errors.ts';
import { migrateDatabase } from './migrate-database.ts';
import { whyNotMigrated } from './why-not-migrated.ts';

const EXIT_FAILED = 1;
const EXIT_CONFIGURATION = 78;

// npm run db:migrate [-- FOLDER]: the migrations of the order service, or those in this folder.
try {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const { positionals } = parseArgs({ allowPositionals: true });
  const { DATABASE_URL, DATABASE_AUTH } = sharedConfig;
  const config = loadConfig(Type.Object({ DATABASE_URL, DATABASE_AUTH }), process.env);
  const url = signInUrl(config.DATABASE_URL, config.DATABASE_AUTH);
  await awaitSignIn(url);
  await migrateDatabase(url, (line) => process.stdout.write(`${line}\n`), positionals[0]);
} catch (error) {
  const isConfiguration = errorCode(error) === 'CONFIG_INVALID';
  process.stderr.write(isConfiguration ? `${(error as Error).message}\n` : `${whyNotMigrated(error)}\n`);
  process.exitCode = isConfiguration ? EXIT_CONFIGURATION : EXIT_FAILED;
}
