import { randomUUIDv7 } from 'node:crypto';
import { signInUrl } from '../core/database-auth.ts';
import { exportMetrics } from '../core/exported-metrics.ts';
import { runProcess } from '../core/lifecycle.ts';
import { untilAborted } from '../core/pause.ts';
import { openPool } from '../core/pool.ts';
import { parseRetention } from '../core/retention-period.ts';
import { brokerAttributes } from '../core/service-bus/broker-attributes.ts';
import { connectionOf } from '../core/service-bus/service-bus-connection.ts';
import { isTracing } from '../core/telemetry.ts';
import { learnBackend } from '../db/backend.ts';
import { createDispatcher } from '../dispatcher.ts';
import { receptors } from '../receptors/registry.ts';
import { inboxConfig } from './config.ts';
import { consumedEvents } from './consumed-events.ts';
import { parseConsumers } from './consumer.ts';
import { startOrderExpiry } from './expiry/order-expiry.ts';
import { createHandler } from './handling/handler.ts';
import { runInbox } from './inbox.ts';
import { buildHealthServer } from './monitoring/health-server.ts';
import { InboxMonitor } from './monitoring/inbox-monitor.ts';
import { collectMetrics } from './monitoring/metrics.ts';
import { openReceivers } from './receiving/open-receivers.ts';
import { runInboxRetention } from './retention/inbox-retention.ts';

// Shorter than any lock of the broker, whose shortest is 5 s: who waits for the same message lets go of it before.
const LOCK_TIMEOUT_MS = 3_000;
/** Messages beyond the connections wait for one: each has it for milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;

await runProcess(inboxConfig, process.env, async ({ config, log, stopping, onClose, fail }) => {
  const consumers = parseConsumers(config.INBOX_SUBSCRIPTIONS);
  if (!config.INBOX_SESSIONS && consumers.some(({ onFailure }) => onFailure === 'hold')) {
    log.warn('=hold in INBOX_SUBSCRIPTIONS keeps no order without sessions; see INBOX_SESSIONS');
  }
  const monitor = new InboxMonitor(
    consumers.map(({ name }) => name),
    Object.keys(consumedEvents),
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
    events: consumedEvents,
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
  const { ORDER_EXPIRES_AFTER: text } = config;
  const after =
    text === undefined ? undefined : { text, ms: parseRetention(text) ?? Number.POSITIVE_INFINITY };
  const expireOrders = (limit: NonNullable<typeof after>) => async (ending: AbortSignal) => {
    const expiry = startOrderExpiry({
      connections: pool,
      dispatcher,
      after: limit,
      newId: randomUUIDv7,
      log,
    });
    await untilAborted(ending);
    await expiry.stop();
  };
  const chores = [
    ...(keepMs === undefined ? [] : [deleteOld(keepMs)]),
    ...(after ? [expireOrders(after)] : []),
  ];
  const running = runInbox(
    {
      healthPool: sidePool,
      monitor,
      log,
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
      chores,
    },
    stopping,
  );
  running.catch(fail);
  onClose('inbox', () => running);
});
