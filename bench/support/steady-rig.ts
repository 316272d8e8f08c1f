import { npmScript } from '../../dev/npm-script.ts';
import type { LoadReply, LoadRequest } from '../programs/http-load.ts';
import { POST_ORDER, startApi } from './api-rig.ts';
import { processCpuUs, startCpuMeter } from './cpu.ts';
import type { Sample } from './figure.ts';
import { percentiles } from './latency.ts';
import { startWorker } from './processes.ts';
import { openRelayRig, type RelayRig } from './relay-rig.ts';
import { walEnd } from './server.ts';

export const PER_SECOND = 1_000;
const CONNECTIONS = 64;

/** An api with orders coming in at a steady pace, whatever the answers take. */
export interface SteadyRig extends RelayRig {
  warmUp(ms: number): Promise<void>;
  /** Posts for so long; whose CPU is measured beside that of the api, PostgreSQL and the load. */
  post(ms: number, others: Record<string, () => number>): Promise<Posted>;
}

export interface Posted {
  readonly sample: Sample;
  readonly answers: LoadReply['answers'];
}

/** For at most so long at once. */
export async function openSteadyRig(ms: number): Promise<SteadyRig> {
  const rig = await openRelayRig({ keep: (4 * PER_SECOND * ms) / 1_000 });
  const { server } = rig;
  const load = startWorker('load', 'bench/programs/http-load.ts');
  const { port, service: api } = await startApi('api', npmScript('api'), server);
  const requests = (forMs: number): LoadRequest => {
    const count = Math.ceil((PER_SECOND * forMs) / 1_000);
    return { ...POST_ORDER, port, connections: CONNECTIONS, count, perSecond: PER_SECOND };
  };
  return {
    ...rig,
    async warmUp(forMs) {
      await load.ask(requests(forMs));
    },
    async post(forMs, others) {
      await server.db.query('TRUNCATE orders, order_items, order_history, outbox');
      await server.db.query('CHECKPOINT');
      const wal = await walEnd(server.db);
      const meter = startCpuMeter({
        api: () => processCpuUs(api.pid),
        PostgreSQL: server.cpuUs,
        ...others,
      });
      const request = { ...requests(forMs), keepAnswers: true };
      const { latencyMs, answers, cpuUs, seconds } = await load.ask<LoadReply>(request);
      const { count } = request;
      const walBytes = ((await walEnd(server.db)) - wal) / count;
      const { p50, p99 } = percentiles([...latencyMs]);
      return {
        sample: {
          values: { rate: count / seconds, p50, p99, walBytes },
          cpu: { ...meter(count), load: cpuUs / count },
        },
        answers,
      };
    },
    async close() {
      await api.stop();
      await load.stop();
      await rig.close();
    },
  };
}
