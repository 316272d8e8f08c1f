import { npmScript } from '../../dev/npm-script.ts';
import { measureRequests, POST_ORDER, startApi } from '../support/api-rig.ts';
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
    await measureRequests(server, load, api, { ...POST_ORDER, count: ORDERS });
    await server.db.query('VACUUM ANALYZE orders, order_items');
    const { rows } = await server.db.query<{ order_id: string }>('SELECT order_id FROM orders');
    const paths = rows.map(({ order_id }) => `/api/orders/${order_id}`);
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
