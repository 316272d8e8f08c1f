import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { cleanup } from '../../support/cleanup.ts';

export interface Writers {
  /** The ids of the events whose commit was answered. */
  readonly acknowledged: ReadonlySet<string>;
  /** Resolves when every writer has had its last answer. Works twice. */
  stop(): Promise<void>;
}

const BETWEEN_TRIES_MS = 20;
/** Leaves the machine some time for what is under load. */
const BETWEEN_EVENTS_MS = 2;

/**
 * Writers of events, each with a connection and an order of its own: one event after the other, numbered in its body. What is
 * not answered, since the server is away or has gone, is tried again under the same id.
 */
export function startWriters(t: TestContext, url: string, width = 4): Writers {
  const acknowledged = new Set<string>();
  const pool = new pg.Pool({ connectionString: url, max: width });
  pool.on('error', () => undefined); // the server is stopped under them on purpose
  let stopping = false;
  const write = async (order: number) => {
    for (let n = 1; !stopping; n++) {
      const id = randomUUID();
      while (!(await insert(pool, id, `order-${order}`, n))) await sleep(BETWEEN_TRIES_MS);
      acknowledged.add(id);
      await sleep(BETWEEN_EVENTS_MS);
    }
  };
  const writing = Promise.all(Array.from({ length: width }, (_, order) => write(order)));
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopping = true;
    stopped ??= writing.then(() => pool.end());
    return stopped;
  };
  cleanup(t, stop);
  return { acknowledged, stop };
}

async function insert(pool: pg.Pool, id: string, order: string, n: number): Promise<boolean> {
  try {
    await pool.query(
      `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id) VALUES ($1, 'Numbered', $2, $3)
       ON CONFLICT DO NOTHING`,
      [id, JSON.stringify({ n }), order],
    );
    return true;
  } catch (error) {
    // Class 57 is a server that stops, crashes or starts; what is no answer of the server is a lost connection.
    if (error instanceof pg.DatabaseError && !error.code?.startsWith('57')) throw error;
    return false;
  }
}
