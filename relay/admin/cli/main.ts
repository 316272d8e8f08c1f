import { existsSync } from 'node:fs';
import { loadConfig } from '../../../src/core/config.ts';
import { createLogger, describeError } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { assertSchemaCurrent } from '../../../src/core/schema-version.ts';
import { outboxCommandConfig } from '../../config.ts';
import { parseCommand } from './arguments.ts';
import { runCommand, type ToCarryOut } from './run-command.ts';
import { USAGE } from './usage.ts';

// A batch of a replay reads the whole table.
const STATEMENT_TIMEOUT_MS = 30 * 60_000;
const EXIT_CODES: Partial<Record<string, number>> = { USAGE_INVALID: 2, CONFIG_INVALID: 78 };

try {
  const { command, json } = parseCommand(process.argv.slice(2));
  if (command.name === 'help') process.stdout.write(USAGE);
  else await carryOut(command, json);
} catch (error) {
  const { message, code = '', errors = [] } = describeError(error);
  // Of a connection that failed in several ways, only the several say anything.
  const told = message || errors.map((each) => each.message).join('; ');
  process.stderr.write(`${told}\n${code === 'USAGE_INVALID' ? `\n${USAGE}` : ''}`);
  process.exitCode = EXIT_CODES[code] ?? 1;
}

async function carryOut(command: ToCarryOut, json: boolean): Promise<void> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const config = loadConfig(outboxCommandConfig, process.env);
  const pool = openPool({
    url: config.RELAY_DATABASE_URL ?? config.DATABASE_URL,
    max: 1,
    applicationName: 'outbox command',
    log: createLogger({ level: 'silent', service: 'outbox' }),
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  try {
    await assertSchemaCurrent(pool);
    const { text, data } = await runCommand(pool, config.RELAY_SLOT, command);
    process.stdout.write(`${json ? JSON.stringify(data, undefined, 2) : text}\n`);
  } finally {
    await pool.end();
  }
}
