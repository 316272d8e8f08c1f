import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { cleanup } from '../../support/cleanup.ts';
import { until } from '../../support/until.ts';

interface Written {
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

/** A writer's pace, and how long it waits before it tries again. */
const EVERY_MS = 10;
const WRITERS = 4;

/**
 * Four writers of events by plain SQL, each with an order of its own, numbered in the body. What is refused, because the table
 * is away or the disk full, is tried again under the same id. They remember what is committed: a test may drop the table.
 */
export function startLoad(t: TestContext, url: string): Load {
  const committed = new Map<string, Written>();
  const pool = new pg.Pool({ connectionString: url, max: WRITERS });
  pool.on('error', () => undefined); // the server may be stopped under them
  let stopping = false;
  const write = async (order: string) => {
    for (let n = 1; !stopping; n++) {
      const id = randomUUID();
      let done = false;
      while (!done && !stopping) {
        await sleep(EVERY_MS);
        done = await insert(pool, id, { order, n });
      }
      if (done) committed.set(id, { order, n });
    }
  };
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, order) => write(`order-${order}`)));
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

/**
 * Stops the load and waits for all of it at the broker; fails for what was lost, never committed, altered, or overtaken by
 * a later one of its order. Returns how many came again.
 */
export async function checkDelivered(bus: LocalServiceBus, load: Load): Promise<number> {
  await load.stop();
  const lost = () => {
    const arrived = new Set(bus.journal.entries().map(({ messageId }) => messageId));
    return [...load.committed.keys()].filter((id) => !arrived.has(id));
  };
  // What is missing is told below, by its ids.
  await until('all of the load has arrived', () => lost().length === 0, 40_000).catch(() => undefined);
  assert.deepEqual(lost(), [], `lost of ${load.committed.size}`);

  const seen = new Set<string>();
  const lastOf = new Map<string, number>();
  let repeats = 0;
  for (const { messageId = '', body } of bus.journal.entries()) {
    const written = load.committed.get(messageId);
    assert.ok(written, `${messageId} was never committed`);
    assert.equal(body.toString(), `{"n": ${written.n}}`);
    if (seen.has(messageId)) repeats++;
    else {
      seen.add(messageId);
      const last = lastOf.get(written.order) ?? 0;
      assert.ok(written.n > last, `${written.order}: ${written.n} came after ${last}`);
      lastOf.set(written.order, written.n);
    }
  }
  return repeats;
}
