import type { Histogram, Registry } from 'prom-client';
import type { BucketCounts } from './bucket-counts.ts';

/** Gives a registry the histogram of what was counted. */
export function registerHistogram(
  registry: Registry,
  { name, help, counts }: { name: string; help: string; counts: BucketCounts },
): void {
  const cumulative = counts.cumulative();
  const count = cumulative.at(-1) ?? 0;
  const metric = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    values: [
      ...cumulative.map((value, at) => ({
        metricName: `${name}_bucket`,
        labels: { le: counts.bounds[at] ?? '+Inf' },
        value,
      })),
      { metricName: `${name}_sum`, labels: {}, value: counts.sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ],
  };
  // A registry asks a metric for its name and its values alone; its types know the library's own classes only.
  registry.registerMetric({ name, get: async () => metric } as unknown as Histogram);
}
