import { randomUUID, randomUUIDv7 } from 'node:crypto';
import type { TestContext } from 'node:test';
import { consumedEvents } from '../../../examples/inventory-service/consumed-events.ts';
import { createReceptors, expiry } from '../../../examples/inventory-service/receptors.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { migrateDatabase } from '../../../src/db/migrate/migrate-database.ts';
import { createDispatcher } from '../../../src/dispatcher.ts';
import { startExpiry } from '../../../src/inbox/expiry/expiry.ts';
import { createHandler } from '../../../src/inbox/handling/handler.ts';
import type { Settlement } from '../../../src/inbox/settlement.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase, EMPTY } from '../../support/database.ts';
import { receivedMessage } from '../../support/received-message.ts';

const MIGRATIONS = 'examples/inventory-service/drizzle';
const log = createLogger({ level: 'silent', service: 'test' });
const never = new AbortController().signal;

/** The inventory of the examples with its own database, as its process has it, but for the broker. */
export async function openInventory(t: TestContext, { expiresAfterMs = 60_000 } = {}) {
  const { url, pool: db } = await createDatabase(t, EMPTY);
  await migrateDatabase(url, () => undefined, MIGRATIONS);
  const pool = openPool({ url, max: 8, applicationName: 'inventory', log, lockTimeoutMs: 3_000 });
  cleanup(t, () => pool.end());
  const dispatcher = createDispatcher({
    connections: { writing: pool, changing: () => pool },
    receptors: createReceptors(expiresAfterMs),
    now: () => new Date(),
    newId: randomUUIDv7,
  });
  const handle = createHandler({
    dispatcher,
    events: consumedEvents,
    connections: pool,
    consumers: [{ name: 'orders/inventory', onFailure: 'continue' }],
    observer: { became: () => undefined, failed: () => undefined },
    log,
    random: Math.random,
  });
  return {
    db,
    pool,
    /** Handles an event, and returns what becomes of its message. */
    receive: (
      type: string,
      body: { orderId: string },
      messageId: string = randomUUID(),
    ): Promise<Settlement> => {
      const message = { type, messageId, aggregateId: body.orderId, body: Buffer.from(JSON.stringify(body)) };
      return handle('orders/inventory', receivedMessage(message), never);
    },
    /** Lets time pass for all reservations. */
    overdue: () => db.query("UPDATE inventory_reservations SET expires_at = now() - interval '1 s'"),
    startExpiry: () => {
      const options = { expiry, connections: pool, dispatcher, newId: randomUUIDv7, log };
      const started = startExpiry({ ...options, intervalMs: 5, pauseMs: 1 });
      cleanup(t, () => started.stop());
      return started;
    },
    /** [available, reserved] of each product. */
    stock: async (): Promise<Record<string, [number, number]>> => {
      const { rows } = await db.query('SELECT * FROM inventory');
      return Object.fromEntries(
        rows.map((row) => [row.product_id, [row.quantity_available, row.quantity_reserved]]),
      );
    },
    /** What was published of an order, or of all. */
    events: async (orderId?: string): Promise<PublishedEvent[]> => {
      const { rows } = await db.query<PublishedEvent>(
        `SELECT message_type AS type, aggregate_version AS version, message_body AS body
         FROM outbox WHERE aggregate_id = $1 OR $1 IS NULL ORDER BY position`,
        [orderId],
      );
      return rows;
    },
    status: async (orderId: string): Promise<string | undefined> => {
      const { rows } = await db.query<{ status: string }>(
        'SELECT status FROM inventory_reservations WHERE order_id = $1',
        [orderId],
      );
      return rows[0]?.status;
    },
  };
}

interface PublishedEvent {
  readonly type: string;
  readonly version: number;
  readonly body: Record<string, unknown>;
}

export type Inventory = Awaited<ReturnType<typeof openInventory>>;

/** An order of so much of each product, as its event says it, with more than the inventory needs. */
export const created = (orderId: string, quantities: Readonly<Record<string, number>>) => ({
  orderId,
  customerId: 'cust-123',
  items: Object.entries(quantities).map(([productId, quantity]) => ({ productId, quantity, unitPrice: 1 })),
  totalAmount: 39.98,
});
