import type pg from 'pg';
import {
  CONSUMERS,
  type DeadLetter,
  type Emitted,
  type EndedOrder,
  type Handled,
  type HistoryRow,
  type Reservation,
  type SagaEvidence,
  SERVICES,
  type Sent,
  type Service,
  type Stock,
} from './evidence.ts';
import type { SagaRig } from './saga-rig.ts';

/** The transaction that wrote the row, and when it committed: rows that are never changed keep it. */
const COMMITTED =
  '(extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::float8 AS at, xmin::text AS xid';

/** Asks databases, broker and journal for all that the oracle needs. */
export async function readEvidence(
  rig: SagaRig,
  planted: readonly DeadLetter[],
  stockAtTheStart: SagaEvidence['stockAtTheStart'],
): Promise<SagaEvidence> {
  const { db, bus, broker, sessions } = rig;
  const dead: DeadLetter[] = [];
  for (const consumer of CONSUMERS) dead.push(...(await bus.deadLetters(consumer)));
  return {
    emitted: await fromAll((service) => readEmitted(db[service], service)),
    handled: await fromAll((service) => readHandled(db[service])),
    history: await rowsOf<HistoryRow>(
      db.orders,
      `SELECT order_id AS "orderId", version, status, event_type AS event, changed_by AS by, causation_id AS "causationId", ${COMMITTED}
       FROM order_history`,
    ),
    orders: await rowsOf<EndedOrder>(
      db.orders,
      'SELECT order_id AS "orderId", customer_id AS key, status, version FROM orders',
    ),
    reservations: await rowsOf<Reservation>(
      db.inventory,
      'SELECT order_id AS "orderId", status, items FROM inventory_reservations',
    ),
    stock: await readStock(rig),
    stockAtTheStart,
    sent: broker.arrivals().map(
      ({ entity, messageId, subject, properties, body }): Sent => ({
        topic: entity,
        messageId,
        type: subject,
        aggregateId: textOf(properties['aggregateId']),
        version: numberOf(properties['aggregateVersion']),
        body,
      }),
    ),
    deadLetters: dead,
    planted,
    sessions,
  };
}

export function readStock({ db }: SagaRig): Promise<Stock[]> {
  return rowsOf<Stock>(
    db.inventory,
    'SELECT product_id AS "productId", quantity_available AS available, quantity_reserved AS reserved FROM inventory',
  );
}

function readEmitted(db: pg.Pool, service: Service): Promise<Emitted[]> {
  return rowsOf<Emitted>(
    db,
    `SELECT '${service}' AS service, message_id::text AS "messageId", message_type AS type, aggregate_id AS "aggregateId",
       aggregate_version::int AS version, causation_id AS "causationId", message_body::text AS body,
       (extract(epoch FROM created_at) * 1000)::float8 AS "createdAt"
     FROM outbox ORDER BY position`,
  );
}

function readHandled(db: pg.Pool): Promise<Handled[]> {
  return rowsOf<Handled>(
    db,
    `SELECT consumer, message_id AS "messageId", message_type AS type, aggregate_id AS "aggregateId", ${COMMITTED}
     FROM inbox WHERE processed_at IS NOT NULL`,
  );
}

async function fromAll<T>(read: (service: Service) => Promise<T[]>): Promise<T[]> {
  return (await Promise.all(SERVICES.map(read))).flat();
}

/** SQL's NULL is nothing. */
async function rowsOf<T extends object>(db: pg.Pool, sql: string): Promise<T[]> {
  const { rows } = await db.query(sql);
  return rows.map(
    (row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value ?? undefined])) as T,
  );
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : undefined);
const numberOf = (value: unknown) => (typeof value === 'number' ? value : undefined);
