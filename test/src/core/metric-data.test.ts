import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataPointType } from '@opentelemetry/sdk-metrics';
import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import { type RegisteredMetric, toMetricData } from '../../../src/core/telemetry/metric-data.ts';

const START_MS = 1_000;
const NOW_MS = 2_500;
const TIMES = { startTime: [1, 0], endTime: [2, 500_000_000] };

async function converted(registry: Registry) {
  const [metric] = (await registry.getMetricsAsJSON()) as unknown as RegisteredMetric[];
  assert.ok(metric);
  return toMetricData(metric, START_MS, NOW_MS);
}

test('a counter is a sum that grows, with its name, its unit and its labels', async () => {
  const registry = new Registry();
  new Counter({ name: 'cpu_seconds_total', help: 'CPU.', labelNames: ['mode'], registers: [registry] }).inc(
    { mode: 'user' },
    3,
  );

  const data = await converted(registry);

  assert.equal(data?.dataPointType, DataPointType.SUM);
  assert.equal('isMonotonic' in data && data.isMonotonic, true);
  assert.deepEqual([data.descriptor.name, data.descriptor.unit], ['cpu_seconds_total', 's']);
  assert.deepEqual(data.dataPoints, [{ ...TIMES, attributes: { mode: 'user' }, value: 3 }]);
});

test('a gauge is a gauge', async () => {
  const registry = new Registry();
  new Gauge({ name: 'kept_bytes', help: 'Kept.', registers: [registry] }).set(7);

  const data = await converted(registry);

  assert.equal(data?.dataPointType, DataPointType.GAUGE);
  assert.equal(data.descriptor.unit, 'By');
  assert.deepEqual(data.dataPoints, [{ ...TIMES, attributes: {}, value: 7 }]);
});

test('each series of a histogram has the counts of its own buckets, which Prometheus adds up', async () => {
  const registry = new Registry();
  const histogram = new Histogram({
    name: 'wait_seconds',
    help: 'Waits.',
    labelNames: ['route'],
    buckets: [1, 2],
    registers: [registry],
  });
  for (const value of [0.5, 1.5, 1.6, 9]) histogram.observe({ route: 'a' }, value);
  histogram.observe({ route: 'b' }, 1);

  const data = await converted(registry);

  assert.equal(data?.dataPointType, DataPointType.HISTOGRAM);
  assert.deepEqual(data.dataPoints, [
    {
      ...TIMES,
      attributes: { route: 'a' },
      value: { buckets: { boundaries: [1, 2], counts: [1, 2, 1] }, sum: 12.6, count: 4 },
    },
    {
      ...TIMES,
      attributes: { route: 'b' },
      value: { buckets: { boundaries: [1, 2], counts: [1, 0, 0] }, sum: 1, count: 1 },
    },
  ]);
});

test('a summary, which OpenTelemetry does not send, is left out', async () => {
  const registry = new Registry();
  new Summary({ name: 'size_bytes', help: 'Sizes.', registers: [registry] }).observe(1);

  assert.equal(await converted(registry), undefined);
});
