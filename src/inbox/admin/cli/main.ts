import { existsSync } from 'node:fs';
import { loadConfig } from '../../../core/config.ts';
import { awaitSignIn, signInUrl } from '../../../core/database-auth.ts';
import { createLogger, describeError } from '../../../core/log.ts';
import { openPool } from '../../../core/pool.ts';
import { connectionOf } from '../../../core/service-bus/service-bus-connection.ts';
import { assertSchemaCurrent } from '../../../db/schema-version.ts';
import { receptors } from '../../../receptors/registry.ts';
import { deadLettersConfig } from '../../config.ts';
import { consumedEvents } from '../../consumed-events.ts';
import { parseConsumers } from '../../consumer.ts';
import { LOCK_TIMEOUT_MS } from '../../lock-timeout.ts';
import { openDecisions } from '../open-decisions.ts';
import { type Command, parseCommand } from './arguments.ts';
import { type Answer, runCommand } from './run-command.ts';
import { USAGE } from './usage.ts';

const EXIT_NOT_DONE = 1;
const EXIT_CODES: Partial<Record<string, number>> = { USAGE_INVALID: 2, CONFIG_INVALID: 78 };

try {
  const { command, json } = parseCommand(process.argv.slice(2));
  if (command.name === 'help') process.stdout.write(USAGE);
  else {
    if (existsSync('.env')) process.loadEnvFile('.env');
    const { text, data, notDone } = await carryOut(command);
    process.stdout.write(`${json ? JSON.stringify(data, undefined, 2) : text}\n`);
    if (notDone) process.exitCode = EXIT_NOT_DONE;
  }
} catch (error) {
  const { message, code = '' } = describeError(error);
  process.stderr.write(`${message}\n${code === 'USAGE_INVALID' ? `\n${USAGE}` : ''}`);
  process.exitCode = EXIT_CODES[code] ?? EXIT_NOT_DONE;
}

async function carryOut(command: Exclude<Command, { name: 'help' }>): Promise<Answer> {
  const config = loadConfig(deadLettersConfig, process.env);
  const consumers = parseConsumers(config.INBOX_SUBSCRIPTIONS);
  const log = createLogger({ level: 'silent', service: 'dead-letters' });
  const url = signInUrl(config.DATABASE_URL, config.DATABASE_AUTH);
  await awaitSignIn(url);
  const pool = openPool({
    url,
    max: 2,
    applicationName: 'dead-letters command',
    log,
    pooler: config.DATABASE_POOLER === 'transaction' ? 'certain' : 'found',
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  });
  try {
    await assertSchemaCurrent(pool);
    const deps = openDecisions(
      { pool, connection: connectionOf(config), consumers, log },
      { receptors, events: consumedEvents },
    );
    return await runCommand(deps, command);
  } finally {
    await pool.end();
  }
}
