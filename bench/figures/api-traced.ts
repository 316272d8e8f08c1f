import { npmScript } from '../../dev/npm-script.ts';
import { measureRequests, POST_ORDER, startApi } from '../support/api-rig.ts';
import type { Figure } from '../support/figure.ts';
import { startWorker } from '../support/processes.ts';
import { openServer } from '../support/server.ts';

const SIDES = { sampled: 'one of a hundred', all: 'all', off: 'off' };

export const apiTraced: Figure = {
  name: 'api.traced',
  what: 'POST /api/orders over 32 connections with tracing of one request of a hundred and of all, beside the same without tracing',
  size: 10_000,
  pairs: 12,
  async open(size) {
    const server = await openServer();
    const load = startWorker('load', 'bench/programs/http-load.ts');
    const collector = startWorker('collector', 'bench/programs/collector.ts');
    const endpoint = await collector.ask<string>({ kind: 'open' });
    const open = (name: string, env: Record<string, string>) =>
      startApi(name, npmScript('api'), server, { API_AUTH: 'none', ...env });
    const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' };
    const sampled = await open('sampled', { ...traced, OTEL_TRACES_SAMPLER_ARG: '0.01' });
    const all = await open('all', { ...traced, OTEL_TRACES_SAMPLER_ARG: '1' });
    const off = await open('off', {});
    const measure = (api: typeof off) => measureRequests(server, load, api, { ...POST_ORDER, count: size });
    return {
      sides: [
        { name: SIDES.sampled, measure: () => measure(sampled) },
        { name: SIDES.all, measure: () => measure(all) },
        { name: SIDES.off, measure: () => measure(off) },
      ],
      comparisons: [
        { name: 'one of a hundred', value: 'rate', ours: SIDES.sampled, beside: SIDES.off },
        { name: 'all', value: 'rate', ours: SIDES.all, beside: SIDES.off },
      ],
      version: server.version,
      async close() {
        const received = await collector.ask<number>({ kind: 'received' });
        for (const process of [sampled.service, all.service, off.service, load, collector])
          await process.stop();
        await server.close();
        if (received === 0) throw new Error('No span has arrived');
      },
    };
  },
};
