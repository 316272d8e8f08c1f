import { npmScript } from '../../dev/npm-script.ts';
import { fillOrders, measureRequests, startApi } from '../support/api-rig.ts';
import type { Figure } from '../support/figure.ts';
import { startWorker } from '../support/processes.ts';
import { openServer } from '../support/server.ts';

const ORDERS = 1_000;

export const apiRead: Figure = {
  name: 'api.read',
  what: 'GET /api/orders/{id} over 32 connections, beside the same SELECT on bare Fastify and pg',
  size: 50_000,
  async open(size) {
    const server = await openServer();
    const load = startWorker('load', 'bench/programs/http-load.ts');
    const api = await startApi('api', npmScript('api'), server);
    const bare = await startApi('bare', { env: {}, args: ['bench/programs/bare-api.ts'] }, server);
    const paths = await fillOrders(server, load, api, ORDERS);
    const gets = { method: 'GET', paths, status: 200, count: size } as const;
    return {
      sides: [
        { name: 'api', measure: () => measureRequests(server, load, api, gets) },
        { name: 'bare', measure: () => measureRequests(server, load, bare, gets) },
      ],
      comparisons: [
        { name: 'bare Fastify and pg', value: 'rate', ours: 'api', beside: 'bare', atLeast: 0.8, aim: 0.95 },
      ],
      version: server.version,
      async close() {
        for (const process of [api.service, bare.service, load]) await process.stop();
        await server.close();
      },
    };
  },
};
