import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type pg from 'pg';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';
import type { ConsoleMode } from '../../relay/console/console-mode.ts';
import { openConsole } from '../../relay/console/open-console.ts';
import { buildHealthServer } from '../../relay/monitoring/health-server.ts';
import { RelayMonitor } from '../../relay/monitoring/relay-monitor.ts';
import { Routing } from '../../relay/outbox/routing.ts';
import { createLogger } from '../../src/core/log.ts';
import type { LogLine } from './app.ts';
import { cleanup } from './cleanup.ts';
import { createDatabase } from './database.ts';
import { OUTBOX } from './outbox-table.ts';
import { createBus, slotOf, startRelay, untilStreaming } from './relay.ts';

export const TOKEN = 'a-token-of-the-tests';

export interface TestConsole {
  /** Where the page is. */
  readonly url: string;
  readonly pool: pg.Pool;
  readonly bus: LocalServiceBus;
  readonly monitor: RelayMonitor;
  /** What the console has logged. */
  readonly logs: LogLine[];
}

/** A relay that streams, with its console as its process serves it. */
export async function openTestConsole(
  t: TestContext,
  {
    mode = 'read',
    token,
    devUrl,
  }: { mode?: Exclude<ConsoleMode, 'off'>; token?: string; devUrl?: string } = {},
): Promise<TestConsole> {
  const { url: databaseUrl, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const monitor = new RelayMonitor();
  const slot = slotOf(databaseUrl);
  const logs: LogLine[] = [];
  const log = createLogger({
    level: 'debug',
    service: 'test',
    destination: { write: (line) => void logs.push(JSON.parse(line) as LogLine) },
  });
  const console = openConsole({
    mode,
    token,
    devUrl,
    databaseUrl,
    monitor,
    table: OUTBOX,
    slot,
    routing: new Routing('orders'),
    brokerName: 'Service Bus',
    walLimitBytes: 4 * 1024 ** 3,
    log,
  });
  cleanup(t, () => console.close());
  const server = buildHealthServer({
    monitor,
    pool,
    table: OUTBOX,
    slot,
    publication: 'order_outbox',
    routing: new Routing('orders'),
  });
  cleanup(t, () => server.close());
  await server.register(console.routes);
  await server.listen({ host: '127.0.0.1', port: 0 });
  const relay = startRelay(t, {
    url: databaseUrl,
    bus,
    parts: () => ({ monitor, observer: console.observer }),
  });
  await untilStreaming({ ...relay, monitor });
  const { port } = server.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, pool, bus, monitor, logs };
}

/** More than the 256 KB that an entity of the Standard tier takes. */
export const TOO_LARGE = JSON.stringify({ text: 'x'.repeat(300_000) });
