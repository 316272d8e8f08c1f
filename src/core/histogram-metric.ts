import type { Metric, MetricObjectWithValues, MetricValueWithName, Registry } from 'prom-client';
import type { BucketCounts } from './bucket-counts.ts';

export interface HistogramSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly counts: BucketCounts;
}

export interface HistogramMetric {
  readonly name: string;
  readonly help: string;
  /** Asked at each scrape. */
  readonly series: () => Iterable<HistogramSeries>;
}

/** Gives a registry the histogram of what was counted. */
export function registerHistogram(registry: Registry, { name, help, series }: HistogramMetric): void {
  const metric = {
    name,
    get: (): Omit<MetricObjectWithValues<MetricValueWithName<string>>, 'collect'> => ({
      name,
      help,
      type: 'histogram' as never, // the enum of its types is not there at run time
      aggregator: 'sum',
      values: [...series()].flatMap((each) => valuesOf(name, each)),
    }),
  };
  registry.registerMetric(metric as unknown as Metric); // asks no more of one than this
}

/** https://prometheus.io/docs/instrumenting/exposition_formats/#histograms-and-summaries */
function valuesOf(name: string, { labels, counts }: HistogramSeries): MetricValueWithName<string>[] {
  const cumulative = counts.cumulative();
  return [
    ...cumulative.map((value, at) => ({
      metricName: `${name}_bucket`,
      labels: { ...labels, le: counts.bounds[at] ?? '+Inf' },
      value,
    })),
    { metricName: `${name}_sum`, labels, value: counts.sum },
    { metricName: `${name}_count`, labels, value: cumulative.at(-1) ?? 0 },
  ];
}
