import { setTimeout as sleep } from 'node:timers/promises';
import { npmScript } from '../../dev/npm-script.ts';
import { limitsOf } from '../../src/admission/limits.ts';
import type { CrowdReply } from '../programs/crowd.ts';
import type { LoadReply } from '../programs/http-load.ts';
import { DATABASE_CONNECTIONS, ORDER_REQUEST, startApi } from '../support/api-rig.ts';
import { memoryMb, processCpuUs, startCpuMeter } from '../support/cpu.ts';
import type { Figure, Sample } from '../support/figure.ts';
import { startWorker } from '../support/processes.ts';
import { openServer } from '../support/server.ts';
import { quantile } from '../support/statistics.ts';

const SERVED = limitsOf(DATABASE_CONNECTIONS).maxInFlight;
const CROWD = 10 * SERVED;
const HEALTH_PER_SECOND = 20;
const AFTERWARDS_MS = 5_000;
const WINDOW_MS = 500;

export const apiOverload: Figure = {
  name: 'api.overload',
  what: `POST /api/orders over ${SERVED / 2}, ${SERVED} and ${CROWD} connections: what a crowd costs those who are served`,
  size: 30_000, // milliseconds of each side
  pairs: 2,
  async open(size) {
    const server = await openServer();
    const crowd = startWorker('crowd', 'bench/programs/crowd.ts');
    const watcher = startWorker('watcher', 'bench/programs/http-load.ts');
    const api = await startApi('api', npmScript('api'), server);
    let atHalfLoad = 0;

    const ask = (connections: number, ms: number, isImpatient = false) =>
      crowd.ask<CrowdReply>({
        port: api.port,
        connections,
        ms,
        isImpatient,
        path: '/api/orders',
        body: ORDER_REQUEST,
      });
    const measure = async (connections: number, isImpatient = false): Promise<Sample> => {
      await server.db.query('TRUNCATE orders, order_items, order_history, outbox');
      await server.db.query('CHECKPOINT');
      const meter = startCpuMeter({ api: () => processCpuUs(api.service.pid), PostgreSQL: server.cpuUs });
      const [{ seconds, acceptedMs, refusedMs }, health] = await Promise.all([
        ask(connections, size, isImpatient),
        watcher.ask<LoadReply>({
          port: api.port,
          connections: 1,
          count: Math.floor((size / 1_000) * HEALTH_PER_SECOND),
          perSecond: HEALTH_PER_SECOND,
          method: 'GET',
          paths: ['/health/ready'],
          status: 200,
        }),
      ]);
      const values = {
        rate: acceptedMs.length / seconds,
        p50: quantile(acceptedMs, 0.5),
        p99: quantile(acceptedMs, 0.99),
        refused: refusedMs.length / seconds,
        ...(refusedMs.length > 0 && { refusedP99: quantile(refusedMs, 0.99) }),
        healthP99: quantile([...health.latencyMs], 0.99),
      };
      return { values, cpu: meter(acceptedMs.length) };
    };
    const untilNormal = async (): Promise<number> => {
      const since = performance.now();
      for (;;) {
        const atMs = performance.now() - since;
        const { seconds, acceptedMs, refusedMs } = await ask(SERVED / 2, WINDOW_MS);
        if (refusedMs.length === 0 && acceptedMs.length / seconds >= 0.9 * atHalfLoad) return atMs;
        if (atMs > 60_000) return Number.POSITIVE_INFINITY;
      }
    };

    return {
      sides: [
        {
          name: 'half',
          async measure() {
            const sample = await measure(SERVED / 2);
            atHalfLoad = sample.values['rate'] ?? 0;
            return sample;
          },
        },
        { name: 'full', measure: () => measure(SERVED) },
        {
          name: 'crowd',
          async measure() {
            const before = memoryMb(api.service.pid).now;
            const { values, cpu } = await measure(CROWD);
            const back = await untilNormal();
            await sleep(AFTERWARDS_MS);
            return { values: { ...values, back, memory: memoryMb(api.service.pid).now / before }, cpu };
          },
        },
        { name: 'impatient', measure: () => measure(CROWD, true) },
      ],
      comparisons: [
        { name: 'rate, beside its best', value: 'rate', ours: 'crowd', beside: 'full', atLeast: 0.9 },
        { name: 'p99, beside half load', value: 'p99', ours: 'crowd', beside: 'half', atMost: 3 },
        { name: 'p99 of refusals, ms', value: 'refusedP99', ours: 'crowd', atMost: 50 },
        { name: 'p99 of health, ms', value: 'healthP99', ours: 'crowd', atMost: 100 },
        { name: 'back to normal, ms', value: 'back', ours: 'crowd', atMost: 5_000 },
        { name: 'memory, beside before', value: 'memory', ours: 'crowd', atMost: 1.2 },
        { name: 'rate when nobody waits', value: 'rate', ours: 'impatient', beside: 'full', atLeast: 0.9 },
        { name: 'p99 of health then, ms', value: 'healthP99', ours: 'impatient', atMost: 100 },
      ],
      version: server.version,
      async close() {
        for (const process of [api.service, crowd, watcher]) await process.stop();
        await server.close();
      },
    };
  },
};
