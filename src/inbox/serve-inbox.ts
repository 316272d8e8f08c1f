import { randomUUIDv7 } from 'node:crypto';
import type { Static, TObject } from '@sinclair/typebox';
import type pg from 'pg';
import { signInUrl } from '../core/database-auth.ts';
import { exportMetrics } from '../core/exported-metrics.ts';
import type { ProcessScope } from '../core/lifecycle.ts';
import { openPool } from '../core/pool.ts';
import { parseRetention } from '../core/retention-period.ts';
import { brokerAttributes } from '../core/service-bus/broker-attributes.ts';
import { connectionOf } from '../core/service-bus/service-bus-connection.ts';
import { isTracing } from '../core/telemetry.ts';
import { learnBackend } from '../db/backend.ts';
import type { Migrations } from '../db/migrations.ts';
import { createDispatcher, type Dispatcher, type Registry } from '../dispatcher.ts';
import type { inboxProperties } from './config.ts';
import { parseConsumers } from './consumer.ts';
import { type Expiry, startExpiry } from './expiry/expiry.ts';
import type { ConsumedEvents } from './handling/consumed-event.ts';
import { createHandler } from './handling/handler.ts';
import { choreOf, runInbox } from './inbox.ts';
import { LOCK_TIMEOUT_MS } from './lock-timeout.ts';
import { buildHealthServer } from './monitoring/health-server.ts';
import { InboxMonitor } from './monitoring/inbox-monitor.ts';
import { collectMetrics } from './monitoring/metrics.ts';
import { openReceivers } from './receiving/open-receivers.ts';
import { runInboxRetention } from './retention/inbox-retention.ts';

/** What a service does with the events that it receives. */
export interface InboxService<R extends Registry> {
  readonly receptors: R;
  readonly events: ConsumedEvents<R>;
  /** Of its database, which has the tables `inbox` and `outbox`. Default: those of the order service. */
  readonly migrations?: Migrations;
  /** Orders that something is to happen to when their time is over, if there are any. */
  readonly expiry?: Expiry<R> | undefined;
}

/** What the inbox works with, for what else its process does. */
export interface InboxParts<R extends Registry> {
  readonly dispatcher: Dispatcher<R>;
  readonly pool: pg.Pool;
}

/** Messages beyond the connections wait for one: each has it for milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Runs the inbox of a service as a part of its process, which closes it. Resolves once its health server listens. */
export async function serveInbox<R extends Registry>(
  scope: ProcessScope<Static<TObject<typeof inboxProperties>>>,
  { receptors, events, migrations, expiry }: InboxService<R>,
): Promise<InboxParts<R>> {
  const { config, log, stopping, onClose, fail } = scope;
  const consumers = parseConsumers(config.INBOX_SUBSCRIPTIONS);
  if (!config.INBOX_SESSIONS && consumers.some(({ onFailure }) => onFailure === 'hold')) {
    log.warn('=hold in INBOX_SUBSCRIPTIONS keeps no order without sessions; see INBOX_SESSIONS');
  }
  const monitor = new InboxMonitor(
    consumers.map(({ name }) => name),
    Object.keys(events),
  );
  const database = {
    url: signInUrl(config.DATABASE_URL, config.DATABASE_AUTH),
    applicationName: config.SERVICE_NAME,
    pooler: config.DATABASE_POOLER === 'transaction' ? 'certain' : 'found',
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  } as const;
  const pool = openPool({
    ...database,
    max: config.INBOX_CONCURRENCY,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    log,
    onConnect: learnBackend,
  });
  onClose('database pool', () => pool.end());

  // Whoever asks whether the database is there, and what cleans up, do not wait behind messages.
  const quiet = log.child({}, { level: 'error' }); // the other pool tells of the same, and the watch of the rest
  const sidePool = openPool({ ...database, max: 2, keepIdle: true, log: quiet });
  onClose('connections for health and retention', () => sidePool.end());

  exportMetrics(async () => collectMetrics(monitor));
  const health = buildHealthServer(monitor);
  onClose('health server', () => health.close());
  // It listens before database and broker are there, not ready: it would be restarted over and over by what watches it.
  await health.listen({ host: config.INBOX_HOST, port: config.INBOX_PORT });

  const dispatcher = createDispatcher({
    connections: { writing: pool, changing: () => pool },
    receptors,
    now: () => new Date(),
    newId: randomUUIDv7,
  });
  // Loaded only where there are traces: OpenTelemetry's API takes 7 MB.
  const { processSpan } = isTracing ? await import('./handling/process-span.ts') : {};
  const connection = connectionOf(config);
  const handle = createHandler({
    dispatcher,
    events,
    span: processSpan?.(brokerAttributes(connection)),
    connections: pool,
    consumers,
    observer: monitor,
    log,
    random: Math.random,
  });
  const keepMs = parseRetention(config.INBOX_RETENTION);
  const onDeleted = (rows: number) => {
    monitor.deletedRows += rows;
  };
  const deleteOld = (keep: number) => (ending: AbortSignal) =>
    runInboxRetention({ pool: sidePool, log, random: Math.random }, { keepMs: keep, onDeleted }, ending);
  const expire = (overdue: Expiry<R>) =>
    choreOf(() => startExpiry({ expiry: overdue, connections: pool, dispatcher, newId: randomUUIDv7, log }));
  const running = runInbox(
    {
      healthPool: sidePool,
      monitor,
      log,
      migrations,
      openReceivers: () =>
        openReceivers({
          connection,
          consumers,
          sessions: config.INBOX_SESSIONS,
          concurrency: config.INBOX_CONCURRENCY,
          handle: monitor.observing(handle),
          observer: monitor,
          log,
        }),
      chores: [...(keepMs === undefined ? [] : [deleteOld(keepMs)]), ...(expiry ? [expire(expiry)] : [])],
    },
    stopping,
  );
  running.catch(fail);
  onClose('inbox', () => running);
  return { dispatcher, pool };
}
