import { processCpuUs, startCpuMeter } from '../support/cpu.ts';
import type { Figure, Sample } from '../support/figure.ts';
import { acceptedSince, measureLatency, measureRelayLatency } from '../support/latency.ts';
import { fillOutbox, prepareRows } from '../support/outbox-rows.ts';
import { startWorker, type Worker } from '../support/processes.ts';
import { measureDrain, openRelayRig, type RelayRig } from '../support/relay-rig.ts';
import { openServer, type Server } from '../support/server.ts';

const TUTORIAL = { batch: 100, intervalMs: 5_000 };
const PAUSELESS = { batch: 100, intervalMs: 0 };
/** The worker gets fewer, since its rate does not depend on how many they are. */
const WORKER_SHARE = 1 / 20;
const PER_SECOND = 200;
/** So short that the tutorial's worker, at 20 events a second, is through in half a minute. */
const LATENCY_MS = 2_500;

export const relayPolling: Figure = {
  name: 'relay.polling',
  what: `the backlog, and latency at ${PER_SECOND} events a second, beside the tutorial’s polling worker`,
  size: 200_000,
  async open(size) {
    const rig = await openRelayRig({ keep: size * 2 });
    const writer = startWorker('writer', 'bench/programs/row-writer.ts');
    // A server of its own: the relay is not to stream what the worker publishes.
    const server = await openServer();
    await prepareRows(server);
    const polled: Polled = { server, rig, writer };
    return {
      sides: [
        { name: 'relay', measure: () => measureDrain(rig, size) },
        {
          name: 'worker without a pause',
          measure: () => drainByPolling(polled, Math.ceil(size * WORKER_SHARE)),
        },
        { name: 'relay, 200/s', measure: () => relayLatency(rig, writer) },
        { name: 'tutorial, 200/s', measure: () => pollingLatency(polled) },
      ],
      comparisons: [
        {
          name: 'rate, without a pause',
          value: 'rate',
          ours: 'relay',
          beside: 'worker without a pause',
          atLeast: 3,
        },
        {
          name: 'p50 at 200/s, 5 s',
          value: 'p50',
          ours: 'relay, 200/s',
          beside: 'tutorial, 200/s',
          atMost: 1 / 500,
        },
      ],
      version: server.version,
      async close() {
        await writer.stop();
        await server.close();
        await rig.close();
      },
    };
  },
};

interface Polled {
  readonly server: Server;
  readonly rig: RelayRig;
  readonly writer: Worker;
}

function relayLatency(rig: RelayRig, writer: Worker): Promise<Sample> {
  return measureRelayLatency(rig, { writer, perSecond: PER_SECOND, ms: LATENCY_MS, warmUpMs: 1_000 });
}

async function startPolling({ server, rig }: Polled, how: typeof TUTORIAL): Promise<Worker> {
  const worker = startWorker('polling', 'bench/programs/polling-worker.ts');
  await worker.ask({ url: server.url, connectionString: rig.brokerUrl, ...how });
  return worker;
}

async function pollingLatency(polled: Polled): Promise<Sample> {
  const { server, rig, writer } = polled;
  await server.db.query('TRUNCATE outbox');
  const relay = await startPolling(polled, TUTORIAL);
  const sample = await measureLatency({
    ...rig,
    server,
    writer,
    relay,
    perSecond: PER_SECOND,
    ms: LATENCY_MS,
    warmUpMs: 0,
  });
  await relay.stop();
  return sample;
}

async function drainByPolling(polled: Polled, count: number): Promise<Sample> {
  const { server, rig } = polled;
  await server.db.query('TRUNCATE outbox');
  await server.db.query('CHECKPOINT');
  await fillOutbox(server, count);
  const total = await rig.broker.ask<number>({ kind: 'total' });
  const worker = await startPolling(polled, PAUSELESS);
  const meter = startCpuMeter({ worker: () => processCpuUs(worker.pid), PostgreSQL: server.cpuUs });
  const startedAt = performance.now();
  await acceptedSince(rig.broker, total, count);
  const seconds = (performance.now() - startedAt) / 1_000;
  const cpu = meter(count);
  await worker.stop();
  return { values: { rate: count / seconds }, cpu };
}
