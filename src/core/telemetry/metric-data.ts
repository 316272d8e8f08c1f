import { type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import type { MetricObjectWithValues, MetricValueWithName } from 'prom-client';

/** A metric as the registry of prom-client tells it. */
export type RegisteredMetric = Pick<
  MetricObjectWithValues<MetricValueWithName<string>>,
  'name' | 'help' | 'type' | 'values'
>;

type Value = RegisteredMetric['values'][number];
type Times = Pick<DataPoint<number>, 'startTime' | 'endTime'>;

const UNITS = { seconds: 's', bytes: 'By' } as const;

/**
 * A metric of Prometheus as one of OpenTelemetry, with the name that it has; undefined for a summary.
 * https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/
 */
export function toMetricData(
  metric: RegisteredMetric,
  startMs: number,
  nowMs: number,
): MetricData | undefined {
  const { name, help, type, values } = metric;
  const times = { startTime: toHrTime(startMs), endTime: toHrTime(nowMs) };
  const base = {
    descriptor: { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  // As typed it is a number, and as it comes a word.
  switch (String(type)) {
    case 'counter':
      return {
        ...base,
        dataPointType: DataPointType.SUM,
        isMonotonic: true,
        dataPoints: values.map((value) => numberPoint(value, times)),
      };
    case 'gauge':
      return {
        ...base,
        dataPointType: DataPointType.GAUGE,
        dataPoints: values.map((value) => numberPoint(value, times)),
      };
    case 'histogram':
      return {
        ...base,
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints: [...seriesOf(values).values()].map((series) => histogramPoint(series, times)),
      };
    default:
      return undefined;
  }
}

function numberPoint({ labels, value }: Value, times: Times) {
  return { ...times, attributes: ownLabels(labels), value };
}

/** The buckets, the sum and the count of each series of a histogram, which come in one list. */
function seriesOf(values: readonly Value[]): Map<string, Value[]> {
  return Map.groupBy(values, ({ labels }) => JSON.stringify(ownLabels(labels)));
}

function histogramPoint(series: readonly Value[], times: Times) {
  const buckets = series.filter(({ metricName }) => metricName?.endsWith('_bucket'));
  const lastOf = (end: string) => series.find(({ metricName }) => metricName?.endsWith(end))?.value ?? 0;
  return {
    ...times,
    attributes: ownLabels(series[0]?.labels ?? {}),
    value: {
      // Of Prometheus each bucket counts what is in the ones before, too.
      buckets: {
        boundaries: buckets.flatMap(({ labels: { le } }) => (le === '+Inf' ? [] : Number(le))),
        counts: buckets.map(({ value }, at) => value - (buckets[at - 1]?.value ?? 0)),
      },
      sum: lastOf('_sum'),
      count: lastOf('_count'),
    },
  };
}

function unitOf(name: string): string {
  const [, suffix] = /_(seconds|bytes)(_total)?$/.exec(name) ?? [];
  return suffix === undefined ? '' : UNITS[suffix as keyof typeof UNITS];
}

/** All but the bound of a bucket. */
function ownLabels(labels: Value['labels']): Record<string, string> {
  const own = Object.entries(labels).filter(([name]) => name !== 'le');
  return Object.fromEntries(own.map(([name, value]) => [name, String(value)]));
}

const toHrTime = (ms: number): HrTime => [Math.floor(ms / 1_000), Math.round((ms % 1_000) * 1e6)];
