import type { TestContext } from 'node:test';
import pg from 'pg';
import { type LocalServiceBus, openServiceBus } from '../../dev/service-bus/service-bus.ts';
import { RelayMonitor } from '../../relay/monitoring/relay-monitor.ts';
import type { Route } from '../../relay/outbox/routing.ts';
import type { CloudEvents } from '../../relay/publishing/service-bus/cloud-events.ts';
import { ServiceBusPublisher } from '../../relay/publishing/service-bus/service-bus-publisher.ts';
import { type RelayDeps, runRelay } from '../../relay/relay.ts';
import { createLogger } from '../../src/core/log.ts';
import { openPool } from '../../src/core/pool.ts';
import { cleanup } from './cleanup.ts';
import { MemoryPublisher, type TestBroker } from './memory-publisher.ts';
import { OUTBOX } from './outbox-table.ts';
import { until } from './until.ts';

/** A broker of the test's own with topic `orders` and subscription `all`; `others`: the names of more such topics. */
export async function createBus(
  t: TestContext,
  options: { sessions?: boolean; duplicateWindowMs?: number; others?: readonly string[] } = {},
): Promise<LocalServiceBus> {
  const { sessions = false, duplicateWindowMs = 0, others = [] } = options;
  const subscriptions = [{ name: 'all', requiresSession: sessions }];
  const bus = await openServiceBus({
    port: 0,
    healthPort: 0,
    namespace: {
      topics: ['orders', ...others].map((name) => ({ name, duplicateWindowMs, subscriptions })),
    },
  });
  cleanup(t, () => bus.close());
  return bus;
}

export interface TestRelay {
  readonly monitor: RelayMonitor;
  /** Settles when the relay has stopped. */
  readonly running: Promise<void>;
  /** Stops it gracefully. Works twice. */
  stop(): Promise<void>;
}

export interface TestRelayOptions {
  readonly url: string;
  readonly bus: LocalServiceBus | MemoryPublisher;
  readonly sessions?: boolean;
  readonly routes?: readonly Route[];
  /** Default: events are no CloudEvents. */
  readonly cloudEvents?: CloudEvents;
  readonly slot?: string;
  readonly publication?: string;
  /** Other parts than the usual ones, made from those if need be. */
  readonly parts?: (usual: RelayDeps) => Partial<RelayDeps>;
}

/** The relay as its process runs it, on its own connections. Does not wait until it streams. */
export function startRelay(t: TestContext, options: TestRelayOptions): TestRelay {
  const log = createLogger({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent', service: 'test' });
  const monitor = new RelayMonitor();
  const sessions = options.sessions ?? false;
  const pool = openPool({
    url: options.url,
    max: 3,
    applicationName: 'relay',
    log,
    durableCommits: true,
    uncheckedText: true,
    lockTimeoutMs: 250,
  });
  const { bus, cloudEvents } = options;
  const publisher =
    bus instanceof MemoryPublisher
      ? bus
      : new ServiceBusPublisher(
          {
            connectionString: bus.connectionString,
            entity: 'orders',
            sessions,
            cloudEvents,
            routes: options.routes ?? [],
          },
          log,
        );
  const stopping = new AbortController();
  const deps: RelayDeps = {
    pool,
    replicationUrl: options.url,
    table: OUTBOX,
    publisher,
    slot: options.slot ?? slotOf(options.url),
    slotFailover: 'auto',
    publication: options.publication ?? 'order_outbox',
    walLimit: { bytes: 4 * 1024 ** 3, ms: 3_600_000, leastMs: 30_000 },
    monitor,
    log,
    random: Math.random,
  };
  const running = runRelay({ ...deps, ...options.parts?.(deps) }, stopping.signal);
  running.catch(() => undefined); // whoever expects it to fail awaits it
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      stopping.abort();
      await running.catch(() => undefined);
      await publisher.close();
      await pool.end();
    })();
    return stopped;
  };
  cleanup(t, stop);
  return { monitor, running, stop };
}

/** Slots belong to the cluster, which tests share: each database uses a slot of its own name. */
export function slotOf(url: string): string {
  return new URL(url).pathname.slice(1);
}

export async function untilStreaming(relay: TestRelay): Promise<void> {
  await until('the relay streams', () => relay.monitor.phase === 'streaming');
}

/** The messages the broker has taken, without the repeats it dropped: [subject, body] in the order of arrival. */
export function arrivals(bus: TestBroker): [string | undefined, string][] {
  return bus.journal.entries().map((entry) => [entry.subject, entry.body.toString()]);
}

export async function untilArrived(bus: TestBroker, count: number): Promise<void> {
  await until(`the broker has ${count} messages`, () => bus.journal.total >= count);
}

export async function untilAllMarked(db: pg.Pool | pg.Client): Promise<void> {
  await until('every row is marked', async () => {
    const { rowCount } = await db.query('SELECT FROM outbox WHERE processed_at IS NULL LIMIT 1');
    return rowCount === 0;
  });
}

/** Inserts one outbox row by plain SQL, as anyone may; returns its message id. */
export async function insertEvent(
  db: pg.Pool | pg.ClientBase,
  type: string,
  options: { aggregateId?: string; body?: string; destination?: string } = {},
): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, destination)
     VALUES (gen_random_uuid(), $1, $2, $3, $4) RETURNING message_id::text AS id`,
    [type, options.body ?? '{}', options.aggregateId ?? null, options.destination ?? null],
  );
  return rows[0]?.id ?? '';
}

/** So many rows in one transaction, each as `event` says of its number, from 1 on. */
export async function insertEvents(
  db: pg.Pool | pg.ClientBase,
  count: number,
  event: (n: number) => { type: string; aggregateId?: string; body?: string },
): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => event(index + 1));
  await db.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
     SELECT gen_random_uuid(), * FROM unnest($1::text[], $2::jsonb[], $3::text[])`,
    [
      events.map(({ type }) => type),
      events.map(({ body = '{}' }) => body),
      events.map(({ aggregateId = null }) => aggregateId),
    ],
  );
}

/** A connection for a transaction that stays open while others go on. */
export async function connect(t: TestContext, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined); // tests kill backends on purpose
  await client.connect();
  cleanup(t, () => client.end());
  return client;
}
