import { randomUUIDv7 } from 'node:crypto';
import type { TestContext } from 'node:test';
import type pg from 'pg';
import { createLogger } from '../../src/core/log.ts';
import { openPool } from '../../src/core/pool.ts';
import { createDispatcher, type Dispatcher } from '../../src/dispatcher.ts';
import { CREATE_ORDER } from '../../src/messages/create-order.ts';
import type { MessageContext } from '../../src/messages/message-context.ts';
import { type Receptors, receptors } from '../../src/receptors/registry.ts';
import { cleanup } from './cleanup.ts';
import { createDatabase } from './database.ts';
import { tutorialOrder } from './orders.ts';

export interface OrderChanges {
  readonly url: string;
  /** The test's own connections. */
  readonly db: pg.Pool;
  readonly dispatcher: Dispatcher<Receptors>;
  /** The id of a new order. */
  readonly placeOrder: () => Promise<string>;
  /** What is stored of an order: itself, its history and its events, in order. */
  readonly stored: (orderId: string) => Promise<StoredChanges>;
}

export interface StoredChanges {
  readonly status: string;
  readonly version: number;
  readonly history: readonly StoredEntry[];
  readonly events: readonly { type: string; version: number | null; body: Record<string, unknown> }[];
}

interface StoredEntry {
  readonly version: number;
  readonly status: string;
  readonly event: string;
  readonly by: string;
  readonly reason: string;
  readonly cause: string;
}

/** A request without anything of its own. */
export const causeOf = (messageId: string = randomUUIDv7()): MessageContext => ({
  messageId,
  correlationId: messageId,
  causationId: undefined,
  userId: undefined,
  metadata: {},
  trace: undefined,
});

/** A dispatcher of the service's own commands on a database of the test's own, without what stands before it in a process. */
export async function openOrderChanges(t: TestContext, now = () => new Date()): Promise<OrderChanges> {
  const { url, pool: db } = await createDatabase(t);
  const log = createLogger({ level: 'silent', service: 'test' });
  const pool = openPool({ url, max: 8, applicationName: 'test', log, connectTimeoutMs: 20_000 });
  cleanup(t, () => pool.end());
  const dispatcher = createDispatcher({
    connections: { writing: pool, changing: () => pool },
    receptors,
    now,
    newId: randomUUIDv7,
  });
  return {
    url,
    db,
    dispatcher,
    async placeOrder() {
      const placed = await dispatcher.dispatch({ type: CREATE_ORDER, body: tutorialOrder() }, causeOf());
      if (placed.replayed) throw new Error('An order that nobody asked for was placed before');
      return placed.answer.orderId;
    },
    async stored(orderId) {
      const [order, history, events] = await Promise.all([
        db.query('SELECT status, version FROM orders WHERE order_id = $1', [orderId]),
        db.query(
          `SELECT version, status, event_type AS event, changed_by AS by, reason, causation_id AS cause FROM order_history
           WHERE order_id = $1 ORDER BY version`,
          [orderId],
        ),
        db.query(
          `SELECT message_type AS type, aggregate_version AS version, message_body AS body FROM outbox
           WHERE aggregate_id = $1 ORDER BY position`,
          [orderId],
        ),
      ]);
      return { ...order.rows[0], history: history.rows, events: events.rows };
    },
  };
}
