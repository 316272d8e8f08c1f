import { freePort } from '../../dev/free-port.ts';
import { npmScript } from '../../dev/npm-script.ts';
import { memoryMb, processCpuUs, startCpuMeter } from './cpu.ts';
import type { Sample } from './figure.ts';
import { fillOutbox, prepareRows } from './outbox-rows.ts';
import { type Service, startService, startWorker, type Worker } from './processes.ts';
import { openServer, type Server } from './server.ts';
import { untilSlot, untilStreaming } from './slot.ts';

const SLOT = 'order_outbox';

export interface RelayRig {
  readonly server: Server;
  readonly broker: Worker;
  readonly brokerUrl: string;
  /** The bodies of the rows, as they are streamed. */
  readonly bodies: readonly Buffer[];
  readonly relayUrl: string;
  /** `env`: more than that of the rig. */
  startRelay(env?: Record<string, string>): Service;
  close(): Promise<void>;
}

export interface RigOptions {
  /** How many of the broker's last entries are kept; default: none. */
  readonly keep?: number;
  /** Environment of the relay. */
  readonly env?: Record<string, string>;
  readonly server?: Server;
}

/** PostgreSQL, a broker and a relay's slot, each its own process. No relay runs. */
export async function openRelayRig(options: RigOptions = {}): Promise<RelayRig> {
  const server = options.server ?? (await openServer());
  const bodies = await prepareRows(server);
  // A heap that is large from the start spares the broker the collections in which it would grow.
  const broker = startWorker('broker', 'bench/programs/broker.ts', ['--initial-heap-size=512']);
  const brokerUrl = await broker.ask<string>({ kind: 'open', keep: options.keep ?? 0 });
  const port = await freePort();
  const relayUrl = `http://127.0.0.1:${port}`;
  const startRelay = (env: Record<string, string> = {}) =>
    startService('relay', npmScript('relay'), {
      DATABASE_URL: server.url,
      RELAY_HOST: '127.0.0.1',
      RELAY_PORT: String(port),
      SERVICEBUS_CONNECTION_STRING: brokerUrl,
      SERVICEBUS_ENTITY: 'orders',
      ...options.env,
      ...env,
    });
  const first = startRelay(); // makes the slot
  await first.untilReady(`${relayUrl}/health/ready`);
  await first.stop();
  return {
    server,
    broker,
    brokerUrl,
    bodies,
    relayUrl,
    startRelay,
    async close() {
      await broker.stop();
      await server.close();
    },
  };
}

export interface DrainOptions {
  /** How the backlog is written; returns a position before the last commit. */
  readonly fill?: (server: Server, count: number) => Promise<string>;
  /** Leaves the rows of before in the table. */
  readonly keepSettled?: boolean;
}

/**
 * Events a second of a relay on a backlog: `count` rows were committed while it was away. From the moment the server streams to
 * it, until the slot is confirmed behind the last one: by then all are accepted, marked and acknowledged.
 */
export async function measureDrain(
  rig: RelayRig,
  count: number,
  options: DrainOptions = {},
): Promise<Sample> {
  const { server, broker } = rig;
  const { fill = fillOutbox, keepSettled = false } = options;
  if (!keepSettled) await server.db.query('TRUNCATE outbox');
  await server.db.query('CHECKPOINT');
  const last = await fill(server, count);
  const accepted = await broker.ask<number>({ kind: 'total' });
  const others = startCpuMeter({ PostgreSQL: server.cpuUs, broker: () => processCpuUs(broker.pid) });
  const relay = rig.startRelay();
  const startedAt = await untilStreaming(server.db, SLOT);
  const ours = startCpuMeter({ relay: () => processCpuUs(relay.pid) }); // without the start of its process
  await untilSlot(server.db, SLOT, `confirmed_flush_lsn > '${last}'`);
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = { ...ours(count), ...others(count) };
  const { peak, now } = memoryMb(relay.pid);
  await untilRestartsBehind(server, last);
  await relay.stop();
  const sent = (await broker.ask<number>({ kind: 'total' })) - accepted;
  const { rows } = await server.db.query('SELECT FROM outbox WHERE processed_at IS NULL LIMIT 1');
  if (sent !== count || rows.length > 0) throw new Error(`${sent} of ${count} events were accepted`);
  return { values: { rate: count / seconds, peakMb: peak, endMb: now }, cpu };
}

/** Waits until a restart of the slot will not decode what was before this position once more. */
async function untilRestartsBehind({ db }: Server, lsn: string): Promise<void> {
  await db.query('CHECKPOINT'); // writes the record from which decoding can begin
  await untilSlot(db, SLOT, `restart_lsn > '${lsn}'`);
}

/** Waits until a relay that runs has dealt with all that was committed before. */
export async function untilCaughtUp({ server: { db } }: RelayRig): Promise<void> {
  const { rows } = await db.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn() AS lsn');
  await untilSlot(db, SLOT, `confirmed_flush_lsn >= '${rows[0]?.lsn}'`);
}
