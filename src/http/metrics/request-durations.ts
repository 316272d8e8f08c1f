import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Registry } from 'prom-client';
import { BucketCounts } from '../../core/bucket-counts.ts';
import { type HistogramSeries, registerHistogram } from '../../core/histogram-metric.ts';

/** Of an answer that its client did not wait for, as proxies have it. */
const CLIENT_CLOSED = 499;
/** Any other is `_OTHER`: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ */
const KNOWN_METHODS = new Set('CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT TRACE'.split(' '));
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Counts and times answers by route and status. What it returns is to be called once for each, when it is through. */
export function requestDurations(registry: Registry): (request: FastifyRequest, reply: FastifyReply) => void {
  const all = new Map<string, HistogramSeries>();
  registerHistogram(registry, {
    name: 'http_server_request_duration_seconds',
    help: 'How long requests took to be answered.',
    series: () => all.values(),
  });
  return (request, reply) => {
    const method = KNOWN_METHODS.has(request.method) ? request.method : '_OTHER';
    const route = request.routeOptions.url ?? 'unknown';
    const status = reply.raw.writableEnded ? reply.statusCode : CLIENT_CLOSED;
    const key = `${method} ${status} ${route}`;
    let series = all.get(key);
    if (!series) {
      series = newSeries(method, route, status);
      all.set(key, series);
    }
    series.counts.add(reply.elapsedTime / 1_000);
  };
}

function newSeries(method: string, route: string, status: number): HistogramSeries {
  return {
    labels: {
      http_request_method: method,
      http_route: route,
      http_response_status_code: String(status),
    },
    counts: new BucketCounts(BUCKETS),
  };
}
