import { existsSync } from 'node:fs';
import type pg from 'pg';
import { loadConfig } from '../../../src/core/config.ts';
import { awaitSignIn, signInUrl } from '../../../src/core/database-auth.ts';
import { createLogger, describeError } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import {
  initApplyConfig,
  initSqlConfig,
  outboxCommandConfig,
  relayDatabaseUrl,
  routingOf,
} from '../../config.ts';
import { assertOutbox } from '../../outbox/assert-outbox.ts';
import { parseOutboxTable } from '../../outbox/outbox-table.ts';
import { guardSlot } from '../guard-slot.ts';
import { initOutbox } from '../init-outbox.ts';
import { initSql } from '../init-sql.ts';
import { type Command, parseCommand } from './arguments.ts';
import { guardText } from './guard-text.ts';
import { type Answer, type CommandDeps, runCommand, type ToCarryOut } from './run-command.ts';
import { USAGE } from './usage.ts';

// A batch of a replay reads the whole table.
const STATEMENT_TIMEOUT_MS = 30 * 60_000;
const EXIT_NOT_DONE = 1;
const EXIT_CODES: Partial<Record<string, number>> = { USAGE_INVALID: 2, CONFIG_INVALID: 78 };

try {
  const { command, json } = parseCommand(process.argv.slice(2));
  if (command.name === 'help') process.stdout.write(USAGE);
  else {
    if (existsSync('.env')) process.loadEnvFile('.env');
    const { text, data, needsYes } = await answerTo(command);
    process.stdout.write(`${json ? JSON.stringify(data, undefined, 2) : text}\n`);
    if (needsYes) process.exitCode = EXIT_NOT_DONE;
  }
} catch (error) {
  const { message, code = '' } = describeError(error);
  process.stderr.write(`${message}\n${code === 'USAGE_INVALID' ? `\n${USAGE}` : ''}`);
  process.exitCode = EXIT_CODES[code] ?? EXIT_NOT_DONE;
}

function answerTo(command: Exclude<Command, { name: 'help' }>): Promise<Answer> {
  if (command.name === 'init') return init(command);
  return command.name === 'guard' ? guard(command) : carryOut(command);
}

function carryOut(command: ToCarryOut): Promise<Answer> {
  return withOutbox((deps) => runCommand(deps, command));
}

/** Fails, for whoever watches the exit code, when the bound is passed and a relay has the slot. */
async function guard({ maxBytes }: Extract<Command, { name: 'guard' }>): Promise<Answer> {
  const guarded = await withOutbox((deps) => guardSlot({ ...deps, maxBytes }));
  if (guarded.outcome === 'active') process.exitCode = EXIT_NOT_DONE;
  return { text: guardText(guarded), data: guarded };
}

function withOutbox<T>(work: (deps: CommandDeps & { readonly url: string }) => Promise<T>): Promise<T> {
  const config = loadConfig(outboxCommandConfig, process.env);
  const table = parseOutboxTable(config.OUTBOX_TABLE);
  const url = relayDatabaseUrl(config);
  return withPool(url, async (pool) => {
    await assertOutbox(pool, table);
    return work({ pool, url, table, slot: config.RELAY_SLOT, routing: routingOf(config) });
  });
}

/** Without `apply` it needs no database; with it, as the owner of the tables. */
async function init({ role, apply }: Extract<Command, { name: 'init' }>): Promise<Answer> {
  const { OUTBOX_TABLE, RELAY_PUBLICATION } = loadConfig(initSqlConfig, process.env);
  const options = { table: parseOutboxTable(OUTBOX_TABLE), publication: RELAY_PUBLICATION, role };
  if (!apply) {
    const sql = `BEGIN;\n${initSql(options)}COMMIT;`;
    return { text: sql, data: { sql } };
  }
  const config = loadConfig(initApplyConfig, process.env);
  await withPool(signInUrl(config.DATABASE_URL, config.DATABASE_AUTH), (pool) => initOutbox(pool, options));
  return {
    text: `The table ${OUTBOX_TABLE}, relay_progress beside it and the publication ${RELAY_PUBLICATION} are as the relay needs them.`,
    data: { table: OUTBOX_TABLE, publication: RELAY_PUBLICATION },
  };
}

async function withPool<T>(url: string, work: (pool: pg.Pool) => Promise<T>): Promise<T> {
  await awaitSignIn(url);
  const pool = openPool({
    url,
    max: 1,
    applicationName: 'outbox command',
    log: createLogger({ level: 'silent', service: 'outbox' }),
    uncheckedText: true,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  try {
    return await work(pool);
  } finally {
    await pool.end();
  }
}
