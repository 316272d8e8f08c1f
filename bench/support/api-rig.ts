import { freePort } from '../../dev/free-port.ts';
import type { NodeCommand } from '../../dev/npm-script.ts';
import type { LoadReply, LoadRequest } from '../programs/http-load.ts';
import { processCpuUs, startCpuMeter } from './cpu.ts';
import type { Sample } from './figure.ts';
import { type Service, startService, type Worker } from './processes.ts';
import type { Server } from './server.ts';
import { quantile } from './statistics.ts';

/** As many as the api has in its pool, and those beside it. */
export const DATABASE_CONNECTIONS = 8;

export interface Api {
  readonly service: Service;
  readonly port: number;
}

/** The order of the tutorial, with its two items. */
export const ORDER_REQUEST = JSON.stringify({
  customerId: 'cust-123',
  items: [
    { productId: 'prod-456', quantity: 2, unitPrice: 19.99 },
    { productId: 'prod-789', quantity: 1, unitPrice: 49.99 },
  ],
  shippingAddress: {
    street: '123 Main St',
    city: 'Springfield',
    state: 'IL',
    zipCode: '62701',
    country: 'USA',
  },
});

/** A POST of that order. */
export const POST_ORDER = {
  method: 'POST',
  paths: ['/api/orders'],
  body: ORDER_REQUEST,
  status: 201,
} as const;

/** A program that serves HTTP on top of the database, as in production. */
export async function startApi(
  name: string,
  command: NodeCommand,
  server: Server,
  env: Record<string, string> = { API_AUTH: 'none' },
): Promise<Api> {
  const port = await freePort();
  const service = startService(name, command, {
    DATABASE_URL: server.url,
    DATABASE_POOL_SIZE: String(DATABASE_CONNECTIONS),
    HOST: '127.0.0.1',
    PORT: String(port),
    NODE_ENV: 'production',
    ...env,
  });
  await service.untilReady(`http://127.0.0.1:${port}/health/ready`);
  return { service, port };
}

/** As many orders as `count` in the tables of this server, and the paths at which the api has them. */
export async function fillOrders(server: Server, load: Worker, api: Api, count: number): Promise<string[]> {
  await measureRequests(server, load, api, { ...POST_ORDER, count });
  await server.db.query('VACUUM ANALYZE orders, order_items');
  const { rows } = await server.db.query<{ order_id: string }>('SELECT order_id FROM orders');
  return rows.map(({ order_id }) => `/api/orders/${order_id}`);
}

/** Requests a second over 32 connections, as fast as they are answered. */
export async function measureRequests(
  server: Server,
  load: Worker,
  api: Api,
  request: Omit<LoadRequest, 'port' | 'connections'>,
): Promise<Sample> {
  const { count } = request;
  const meter = startCpuMeter({ api: () => processCpuUs(api.service.pid), PostgreSQL: server.cpuUs });
  const { seconds, latencyMs, cpuUs } = await load.ask<LoadReply>({
    ...request,
    port: api.port,
    connections: 32,
  });
  const times = [...latencyMs];
  return {
    values: { rate: count / seconds, p50: quantile(times, 0.5), p99: quantile(times, 0.99) },
    cpu: { ...meter(count), load: cpuUs / count },
  };
}
