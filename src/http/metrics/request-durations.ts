import type { Registry } from 'prom-client';
import { BucketCounts } from '../../core/bucket-counts.ts';
import { type HistogramSeries, registerHistogram } from '../../core/histogram-metric.ts';

/** Any other is `_OTHER`: https://opentelemetry.io/docs/specs/semconv/http/http-metrics/ */
const KNOWN_METHODS = new Set('CONNECT DELETE GET HEAD OPTIONS PATCH POST PUT TRACE'.split(' '));
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Of an answer that is through; a route is its pattern. */
export type ObserveAnswer = (method: string, route: string, status: number, seconds: number) => void;

/** Counts and times answers by route and status. What it returns is to be called once for each, when it is through. */
export function requestDurations(registry: Registry): ObserveAnswer {
  const all = new Map<string, HistogramSeries>();
  registerHistogram(registry, {
    name: 'http_server_request_duration_seconds',
    help: 'How long requests took to be answered.',
    series: () => all.values(),
  });
  return (requestMethod, route, status, seconds) => {
    const method = KNOWN_METHODS.has(requestMethod) ? requestMethod : '_OTHER';
    const key = `${method} ${status} ${route}`;
    let series = all.get(key);
    if (!series) {
      series = newSeries(method, route, status);
      all.set(key, series);
    }
    series.counts.add(seconds);
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
