import { existsSync } from 'node:fs';
import type pg from 'pg';
import { loadConfig } from '../../../src/core/config.ts';
import { createLogger, describeError } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { initApplyConfig, initSqlConfig, outboxCommandConfig } from '../../config.ts';
import { assertOutbox } from '../../outbox/assert-outbox.ts';
import { parseOutboxTable } from '../../outbox/outbox-table.ts';
import { initOutbox } from '../init-outbox.ts';
import { initSql } from '../init-sql.ts';
import { type Command, parseCommand } from './arguments.ts';
import { runCommand, type ToCarryOut } from './run-command.ts';
import { USAGE } from './usage.ts';

// A batch of a replay reads the whole table.
const STATEMENT_TIMEOUT_MS = 30 * 60_000;
const EXIT_CODES: Partial<Record<string, number>> = { USAGE_INVALID: 2, CONFIG_INVALID: 78 };

try {
  const { command, json } = parseCommand(process.argv.slice(2));
  if (command.name === 'help') process.stdout.write(USAGE);
  else {
    if (existsSync('.env')) process.loadEnvFile('.env');
    if (command.name === 'init') await init(command);
    else await carryOut(command, json);
  }
} catch (error) {
  const { message, code = '', errors = [] } = describeError(error);
  // Of a connection that failed in several ways, only the several say anything.
  const told = message || errors.map((each) => each.message).join('; ');
  process.stderr.write(`${told}\n${code === 'USAGE_INVALID' ? `\n${USAGE}` : ''}`);
  process.exitCode = EXIT_CODES[code] ?? 1;
}

async function carryOut(command: ToCarryOut, json: boolean): Promise<void> {
  const config = loadConfig(outboxCommandConfig, process.env);
  const table = parseOutboxTable(config.OUTBOX_TABLE);
  await withPool(config.RELAY_DATABASE_URL ?? config.DATABASE_URL, async (pool) => {
    await assertOutbox(pool, table);
    const { text, data } = await runCommand({ pool, table, slot: config.RELAY_SLOT }, command);
    process.stdout.write(`${json ? JSON.stringify(data, undefined, 2) : text}\n`);
  });
}

/** Prints SQL without a database, or runs it as whoever owns the tables. */
async function init({ role, apply }: Extract<Command, { name: 'init' }>): Promise<void> {
  const { OUTBOX_TABLE, RELAY_PUBLICATION } = loadConfig(initSqlConfig, process.env);
  const options = { table: parseOutboxTable(OUTBOX_TABLE), publication: RELAY_PUBLICATION, role };
  if (!apply) {
    process.stdout.write(`BEGIN;\n${initSql(options)}COMMIT;\n`);
    return;
  }
  const { DATABASE_URL } = loadConfig(initApplyConfig, process.env);
  await withPool(DATABASE_URL, (pool) => initOutbox(pool, options));
  process.stdout.write(
    `${OUTBOX_TABLE}, relay_progress beside it and the publication ${RELAY_PUBLICATION} are there.\n`,
  );
}

async function withPool(url: string, work: (pool: pg.Pool) => Promise<void>): Promise<void> {
  const pool = openPool({
    url,
    max: 1,
    applicationName: 'outbox command',
    log: createLogger({ level: 'silent', service: 'outbox' }),
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  });
  try {
    await work(pool);
  } finally {
    await pool.end();
  }
}
