import Fastify, { type FastifyInstance } from 'fastify';
import type { Registry } from 'prom-client';

/** What a process without an api tells of itself. */
export interface HealthAnswers {
  /** What /health/ready says beside `status`. */
  readonly readiness: () => { readonly isReady: boolean } & Readonly<Record<string, unknown>>;
  readonly status: () => Promise<Readonly<Record<string, unknown>>>;
  readonly metrics: () => Promise<Registry>;
}

/** Liveness, readiness, status and metrics over HTTP. Not listening yet; the caller closes it. */
export function createHealthServer({ readiness, status, metrics }: HealthAnswers): FastifyInstance {
  const server = Fastify({ forceCloseConnections: true, requestTimeout: 10_000 });
  server.get('/health/live', () => ({ status: 'live' }));
  server.get('/health/ready', (_request, reply) => {
    const { isReady, ...told } = readiness();
    reply.code(isReady ? 200 : 503);
    return { status: isReady ? 'ready' : 'not ready', ...told };
  });
  server.get('/status', status);
  server.get('/metrics', async (_request, reply) => {
    const registry = await metrics();
    return reply.type(registry.contentType).send(await registry.metrics());
  });
  return server;
}
