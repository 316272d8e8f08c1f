import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { cleanup } from '../../support/cleanup.ts';
import { until } from '../../support/until.ts';

/** The n-th event of its order. */
export interface Written {
  readonly order: string;
  readonly n: number;
}

export interface Load {
  /** The events whose commit was answered, by message id. */
  readonly committed: ReadonlyMap<string, Written>;
  /** Resolves when so many more events are committed. */
  more(count: number): Promise<void>;
  /** Resolves when every writer has had its last answer. Works twice. */
  stop(): Promise<void>;
}

export interface LoadOptions {
  readonly writers?: number;
  /** The order of each writer. Default: `order-0` and so on, one for each of `writers`. */
  readonly orders?: readonly string[];
  /** A writer's pace, and how long it waits before it tries again. */
  readonly everyMs?: number;
}

/**
 * Writers of events by plain SQL, each with an order of its own, numbered in the body. What is refused, because the table
 * is away or the disk full, is tried again under the same id. They remember what is committed: a test may drop the table.
 */
export function startLoad(
  t: TestContext,
  url: string,
  {
    writers = 4,
    orders = Array.from({ length: writers }, (_, n) => `order-${n}`),
    everyMs = 10,
  }: LoadOptions = {},
): Load {
  const committed = new Map<string, Written>();
  const pool = new pg.Pool({ connectionString: url, max: orders.length });
  pool.on('error', () => undefined); // the server may be stopped under them
  let stopping = false;
  const write = async (order: string) => {
    for (let n = 1; !stopping; n++) {
      const id = randomUUID();
      let done = false;
      while (!done && !stopping) {
        await sleep(everyMs);
        done = await insert(pool, id, { order, n });
      }
      if (done) committed.set(id, { order, n });
    }
  };
  const writing = Promise.all(orders.map(write));
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopping = true;
    stopped ??= writing.then(() => pool.end());
    return stopped;
  };
  cleanup(t, stop);
  return {
    committed,
    async more(count) {
      const target = committed.size + count;
      await until(`${count} more events are committed`, () => committed.size >= target);
    },
    stop,
  };
}

async function insert(pool: pg.Pool, id: string, { order, n }: Written): Promise<boolean> {
  try {
    await pool.query(
      `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id) VALUES ($1, 'Numbered', $2, $3)
       ON CONFLICT DO NOTHING`,
      [id, JSON.stringify({ n }), order],
    );
    return true;
  } catch {
    return false;
  }
}
