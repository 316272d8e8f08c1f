import { exportMetrics } from '../src/core/exported-metrics.ts';
import { runProcess } from '../src/core/lifecycle.ts';
import { openPool } from '../src/core/pool.ts';
import { parseRetention } from '../src/core/retention-period.ts';
import { brokerAttributes } from '../src/core/service-bus/broker-attributes.ts';
import { isTracing } from '../src/core/telemetry.ts';
import { relayConfig, relayDatabaseUrl } from './config.ts';
import { consoleMode } from './console/console-mode.ts';
import { openConsole } from './console/open-console.ts';
import { relayConnectionName } from './console/relay-instances.ts';
import { observers } from './monitoring/delivery-observer.ts';
import { buildHealthServer } from './monitoring/health-server.ts';
import { collectMetrics } from './monitoring/metrics.ts';
import { RelayMonitor } from './monitoring/relay-monitor.ts';
import { parseOutboxTable } from './outbox/outbox-table.ts';
import { destinationOf, routingOf } from './publishing/service-bus/destination.ts';
import { ServiceBusPublisher } from './publishing/service-bus/service-bus-publisher.ts';
import { runRelay } from './relay.ts';

// One connection marks, the other serves the status and the checks, so that neither waits for the other.
const POOL_SIZE = 3;
// A row that somebody has locked is marked later; the others should not wait for long until that is known.
const LOCK_TIMEOUT_MS = 250;
// Twice the longest wait between two sends.
const BROKER_AWAY_AFTER_MS = 30_000;

await runProcess(relayConfig, process.env, async ({ config, log, stopping, onClose, fail }) => {
  const table = parseOutboxTable(config.OUTBOX_TABLE);
  const slot = config.RELAY_SLOT;
  const publication = config.RELAY_PUBLICATION;
  const routing = routingOf(config);
  const replicationUrl = relayDatabaseUrl(config);
  const keepMs = parseRetention(config.OUTBOX_RETENTION);
  const retention = keepMs === undefined ? undefined : { keepMs };
  const monitor = new RelayMonitor();

  const pool = openPool({
    url: replicationUrl,
    max: POOL_SIZE,
    applicationName: relayConnectionName(slot),
    log,
    // A mark that a crash of PostgreSQL could undo would look like a database that was set back.
    durableCommits: true,
    uncheckedText: true,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
  });
  onClose('database pool', () => pool.end());

  exportMetrics(() => collectMetrics({ monitor, pool, table, slot, routing }));
  const health = buildHealthServer({ monitor, pool, table, slot, publication, routing });
  onClose('health server', () => health.close());

  const destination = destinationOf(config);
  const publisher = new ServiceBusPublisher(destination, log);
  onClose(publisher.name, () => publisher.close());

  const walLimit = {
    bytes: config.RELAY_WAL_LIMIT_MB * 1024 * 1024,
    ms: config.RELAY_WAL_LIMIT_MINUTES * 60_000,
    leastMs: BROKER_AWAY_AFTER_MS,
  };
  const mode = consoleMode(config.RELAY_CONSOLE, config.NODE_ENV);
  const page =
    mode === 'off'
      ? undefined
      : openConsole({
          mode,
          token: config.RELAY_CONSOLE_TOKEN,
          devUrl: config.RELAY_CONSOLE_DEV_URL,
          databaseUrl: replicationUrl,
          monitor,
          table,
          slot,
          routing,
          brokerName: publisher.name,
          walLimitBytes: walLimit.bytes,
          log,
        });
  if (page) {
    onClose('console', () => page.close());
    await health.register(page.routes);
  }
  await health.listen({ host: config.RELAY_HOST, port: config.RELAY_PORT });

  // Loaded only where there are traces: OpenTelemetry's API takes 7 MB.
  const { sendSpans } = isTracing ? await import('./monitoring/send-spans.ts') : {};
  const spans = sendSpans?.({ slot, broker: brokerAttributes(destination) });
  const running = runRelay(
    {
      pool,
      replicationUrl,
      table,
      publisher,
      slot,
      slotFailover: config.RELAY_SLOT_FAILOVER,
      publication,
      retention,
      walLimit,
      monitor,
      observer: observers(page?.observer, spans),
      log,
      random: Math.random,
    },
    stopping,
  );
  running.catch(fail);
  onClose('relay', () => running);
});
