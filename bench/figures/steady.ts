import { npmScript } from '../../dev/npm-script.ts';
import type { LoadReply, LoadRequest } from '../programs/http-load.ts';
import { type Api, POST_ORDER, startApi } from '../support/api-rig.ts';
import { processCpuUs, startCpuMeter } from '../support/cpu.ts';
import type { Figure, Sample } from '../support/figure.ts';
import { acceptedSince, percentiles } from '../support/latency.ts';
import { startWorker, type Worker } from '../support/processes.ts';
import { openRelayRig, type RelayRig, untilCaughtUp } from '../support/relay-rig.ts';
import { walEnd } from '../support/server.ts';

const PER_SECOND = 1_000;
const CONNECTIONS = 64;
/** Before each minute: the relay is a new process each time, the api is not. */
const WARM_UP_MS = 10_000;

export const steady: Figure = {
  name: 'steady',
  what: `${PER_SECOND} orders a second through all of it, beside the same without the relay`,
  size: 60_000, // milliseconds
  pairs: 5,
  async open(size) {
    const rig = await openRelayRig({ keep: 4 * size });
    const load = startWorker('load', 'bench/programs/http-load.ts');
    const api = await startApi('api', npmScript('api'), rig.server);
    return {
      sides: [
        { name: 'with the relay', measure: () => withRelay(rig, load, api, size) },
        { name: 'without', measure: () => withoutRelay(rig, load, api, size) },
      ],
      comparisons: [
        { name: 'p99 of POST', value: 'p99', ours: 'with the relay', beside: 'without', atMost: 1.3 },
        { name: 'p99 of commit to accepted, ms', value: 'acceptedP99', ours: 'with the relay' },
        { name: 'WAL bytes an order', value: 'walBytes', ours: 'with the relay', beside: 'without' },
      ],
      version: rig.server.version,
      async close() {
        await api.service.stop();
        await load.stop();
        await rig.close();
      },
    };
  },
};

async function withRelay(rig: RelayRig, load: Worker, api: Api, ms: number): Promise<Sample> {
  const { server, broker } = rig;
  const relay = rig.startRelay();
  await relay.untilReady(`${rig.relayUrl}/health/ready`);
  await warmUp(load, api);
  await untilCaughtUp(rig); // also with what the run without it has left
  const total = await broker.ask<number>({ kind: 'total' });
  const { sample, answers } = await post(rig, load, api, ms, {
    relay: () => processCpuUs(relay.pid),
    broker: () => processCpuUs(broker.pid),
  });
  const accepted = await acceptedSince(broker, total, answers.length);
  const { rows } = await server.db.query<{ message_id: string; aggregate_id: string }>(
    'SELECT message_id, aggregate_id FROM outbox',
  );
  await relay.stop();
  const acceptedUs = new Map(rows.map((row) => [row.aggregate_id, accepted.get(row.message_id)]));
  const times = answers.map(({ body, atUs }) => {
    const { orderId } = JSON.parse(body) as { orderId: string };
    // An event may be accepted before the answer to its request has come back.
    return Math.max(0, ((acceptedUs.get(orderId) ?? Number.NaN) - atUs) / 1_000);
  });
  const { p50, p99 } = percentiles(times);
  return { ...sample, values: { ...sample.values, acceptedP50: p50, acceptedP99: p99 } };
}

async function withoutRelay(rig: RelayRig, load: Worker, api: Api, ms: number): Promise<Sample> {
  await warmUp(load, api);
  const { sample } = await post(rig, load, api, ms, {});
  return sample;
}

async function post(
  { server }: RelayRig,
  load: Worker,
  api: Api,
  ms: number,
  others: Record<string, () => number>,
): Promise<{ sample: Sample; answers: LoadReply['answers'] }> {
  const { count } = requests(api, ms);
  await server.db.query('TRUNCATE orders, order_items, outbox');
  await server.db.query('CHECKPOINT');
  const wal = await walEnd(server.db);
  const meter = startCpuMeter({
    api: () => processCpuUs(api.service.pid),
    PostgreSQL: server.cpuUs,
    ...others,
  });
  const { latencyMs, answers, cpuUs, seconds } = await load.ask<LoadReply>({
    ...requests(api, ms),
    keepAnswers: true,
  });
  const walBytes = ((await walEnd(server.db)) - wal) / count;
  const { p50, p99 } = percentiles([...latencyMs]);
  return {
    sample: {
      values: { rate: count / seconds, p50, p99, walBytes },
      cpu: { ...meter(count), load: cpuUs / count },
    },
    answers,
  };
}

async function warmUp(load: Worker, api: Api): Promise<void> {
  await load.ask<LoadReply>(requests(api, WARM_UP_MS));
}

function requests({ port }: Api, ms: number): LoadRequest {
  const count = Math.ceil((PER_SECOND * ms) / 1_000);
  return { ...POST_ORDER, port, connections: CONNECTIONS, count, perSecond: PER_SECOND };
}
