import { randomUUIDv7 } from 'node:crypto';
import type { TestContext } from 'node:test';
import { sql } from 'drizzle-orm';
import type pg from 'pg';
import { createLogger } from '../../../../src/core/log.ts';
import { openPool } from '../../../../src/core/pool.ts';
import { learnBackend } from '../../../../src/db/backend.ts';
import type { Database } from '../../../../src/db/database.ts';
import { createDispatcher } from '../../../../src/dispatcher.ts';
import { createHandler, type Fate } from '../../../../src/inbox/handling/handler.ts';
import { openWaiting } from '../../../../src/inbox/handling/waiting.ts';
import type { ReceivedMessage } from '../../../../src/inbox/received-message.ts';
import type { Receptor } from '../../../../src/receptors/receptor.ts';
import { cleanup } from '../../../support/cleanup.ts';
import { createDatabase } from '../../../support/database.ts';
import { COUNT, COUNTED, events } from './messages.ts';

const log = createLogger({ level: 'silent', service: 'test' });

/** What makes a wait, which is half random, none. */
const NO_WAIT = -1;

/** What a receptor does before it decides: nothing, wait, throw. */
export type Behaviour = (n: number, db: Database) => unknown;

export interface InboxDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
}

/** A database with the table that the receptor of `Count` writes what it counts to. */
export async function createInboxDatabase(t: TestContext): Promise<InboxDatabase> {
  const database = await createDatabase(t);
  await database.pool.query(
    'CREATE TABLE counts (place int GENERATED ALWAYS AS IDENTITY, n int NOT NULL, CHECK (n < 1000))',
  );
  return database;
}

export interface HandlerOptions {
  readonly url?: string;
  readonly behave?: Behaviour;
  readonly onFailure?: 'continue' | 'hold';
  readonly lockTimeoutMs?: number;
  readonly connections?: number;
  /** Between tries; none unless it is given. */
  readonly random?: () => number;
}

/** A handler as a process has it, with a pool of its own. `handle` is told which of its fates became of a message. */
export function openHandler(
  t: TestContext,
  { url: databaseUrl }: InboxDatabase,
  options: HandlerOptions = {},
) {
  const { url = databaseUrl, behave = () => undefined, onFailure = 'continue' } = options;
  const { lockTimeoutMs = 2_000, connections: max = 4, random = () => NO_WAIT } = options;
  const pool = openPool({ url, max, applicationName: 'inbox', log, lockTimeoutMs, onConnect: learnBackend });
  cleanup(t, () => pool.end());
  const fates: Fate[] = [];
  const errors: unknown[] = [];
  const count: Receptor<number, number> = (n) => ({
    decide: async (db) => {
      await behave(n, db);
      return {
        answer: n,
        events: [{ type: COUNTED, aggregateId: 'counter', body: { n } }],
        write: () => db.execute(sql`INSERT INTO counts (n) VALUES (${n})`).execute(),
      };
    },
  });
  const deps = {
    dispatcher: createDispatcher({
      connections: { writing: pool, changing: () => pool },
      receptors: { [COUNT]: count },
      now: () => new Date(),
      newId: randomUUIDv7,
    }),
    events,
    connections: pool,
    log,
    random,
  };
  const handler = createHandler({
    ...deps,
    consumers: [{ name: 'queue', onFailure }],
    observer: {
      became: (_consumer, _message, fate) => fates.push(fate),
      failed: (_consumer, error) => errors.push(error),
    },
  });
  const never = new AbortController().signal;
  const handle = (message: ReceivedMessage, lost = never) => handler('queue', message, lost);
  return { handle, fates, errors, pool, waiting: openWaiting(deps) };
}

/** What was counted, in its order. */
export async function counts(pool: pg.Pool): Promise<number[]> {
  const { rows } = await pool.query<{ n: number }>('SELECT n FROM counts ORDER BY place');
  return rows.map(({ n }) => n);
}

/** The ids of the messages that wait, in the broker's order. */
export async function waitingIds(pool: pg.Pool): Promise<string[]> {
  const { rows } = await pool.query<{ message_id: string }>(
    'SELECT message_id FROM inbox WHERE processed_at IS NULL ORDER BY sequence_number',
  );
  return rows.map(({ message_id }) => message_id);
}
