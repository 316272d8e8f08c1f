import type { FastifyReply, FastifyRequest } from 'fastify';
import { Histogram, type Registry } from 'prom-client';

/** Of an answer that its client did not wait for, as proxies have it. */
const CLIENT_CLOSED = 499;
/** Any other is `_OTHER`: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ */
const KNOWN_METHODS = new Set('CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT TRACE'.split(' '));
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Counts and times answers by route and status. What it returns is to be called once for each, when it is through. */
export function requestDurations(
  registers: Registry[],
): (request: FastifyRequest, reply: FastifyReply) => void {
  const histogram = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'How long requests took to be answered.',
    labelNames: ['http_request_method', 'http_route', 'http_response_status_code'],
    buckets: BUCKETS,
    registers,
  });
  // To look up a series by its labels costs more than all the rest.
  const series = new Map<string, ReturnType<typeof histogram.labels>>();
  return (request, reply) => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'unknown';
    const status = reply.raw.writableEnded ? reply.statusCode : CLIENT_CLOSED;
    const key = `${method} ${status} ${route}`;
    let one = series.get(key);
    if (!one) {
      one = histogram.labels(KNOWN_METHODS.has(method) ? method : '_OTHER', route, String(status));
      series.set(key, one);
    }
    one.observe(reply.elapsedTime / 1_000);
  };
}
