import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import fp from 'fastify-plugin';
import { Counter, Gauge, Registry } from 'prom-client';
import { processFigures } from '../../core/process-figures.ts';
import { VERSION } from '../../core/version.ts';
import { type AdmissionFigures, admissionFigures } from '../metrics/admission-figures.ts';
import { type PoolFigures, poolGauges } from '../metrics/pool-gauges.ts';
import { type ObserveAnswer, requestDurations } from '../metrics/request-durations.ts';
import type { Problem } from '../problem-details.ts';
import { problemName } from '../problem-type.ts';

/** Of an answer that its client did not wait for, as proxies have it. */
const CLIENT_CLOSED = 499;
/** Where a response keeps its reply. */
const REPLY = Symbol('reply');
type Response = ServerResponse & { [REPLY]?: FastifyReply };

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts and times one answer. Those of Fastify are observed already. */
    observeAnswer: ObserveAnswer;
    /** Counts a problem that is answered, by its type. */
    countProblem(problem: Problem): void;
    /** All figures of this process. */
    collectMetrics(): Promise<Registry>;
  }
}

export interface MetricsDeps extends AdmissionFigures {
  readonly pool: PoolFigures;
}

/** Counts and times every request that comes after it, and serves GET /metrics in Prometheus' form. */
export const metrics = fp(async (app: FastifyInstance, { pool, ...admission }: MetricsDeps) => {
  const registry = new Registry();
  const registers = [registry];
  app.decorate('observeAnswer', requestDurations(registry));
  poolGauges(pool, registers);
  admissionFigures(admission, registers);

  let inFlight = 0;
  /** Comes for every request, also when its client has gone. */
  function closed(this: Response): void {
    inFlight--;
    const reply = this[REPLY];
    if (!reply) return;
    const { method, routeOptions } = reply.request;
    const status = this.writableEnded ? reply.statusCode : CLIENT_CLOSED;
    app.observeAnswer(method, routeOptions.url ?? 'unknown', status, reply.elapsedTime / 1_000);
  }
  app.addHook('onRequest', (_request, reply, done) => {
    inFlight++;
    const response: Response = reply.raw;
    response[REPLY] = reply; // one listener for all of them: a closure for each would cost more than to count does
    response.on('close', closed);
    done();
  });
  new Gauge({
    name: 'http_server_active_requests',
    help: 'Requests that are in flight.',
    registers,
    collect() {
      this.set(inFlight);
    },
  });

  const problems = new Counter({
    name: 'order_service_problems_total',
    help: 'Requests that were refused or failed, by type of problem.',
    labelNames: ['type', 'status'],
    registers,
  });
  app.decorate('countProblem', ({ type, status }) =>
    problems.inc({ type: problemName(type), status: String(status) }),
  );

  new Gauge({
    name: 'order_service_build_info',
    help: '1, with the version that runs.',
    labelNames: ['version'],
    registers,
  }).set({ version: VERSION }, 1);

  app.decorate('collectMetrics', async () => Registry.merge([registry, processFigures]));
  app.get('/metrics', { logLevel: 'warn', schema: { hide: true } }, async (_request, reply) => {
    const all = await app.collectMetrics();
    return reply.type(all.contentType).send(await all.metrics());
  });
});
