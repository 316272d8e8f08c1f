import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import {
  MeterProvider,
  type MetricProducer,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { exportedMetrics } from '../exported-metrics.ts';
import { VERSION } from '../version.ts';
import { flushOnExit } from './flush-on-exit.ts';
import { type RegisteredMetric, toMetricData } from './metric-data.ts';
import { telemetryResource } from './telemetry-resource.ts';

/** Of the specification: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */
const USUAL_INTERVAL_MS = 60_000;
const LONGEST_EXPORT_MS = 30_000;

/** Sends what `/metrics` shows over OTLP, every `OTEL_METRIC_EXPORT_INTERVAL` and when the process ends. */
export function startMetricExport(env: NodeJS.ProcessEnv): void {
  const exportIntervalMillis = Number(env['OTEL_METRIC_EXPORT_INTERVAL'] || USUAL_INTERVAL_MS);
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    metricProducers: [registryProducer(env)],
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(exportIntervalMillis, LONGEST_EXPORT_MS),
  });
  const provider = new MeterProvider({ resource: telemetryResource(env), readers: [reader] });
  flushOnExit('metrics', () => provider.shutdown());
}

function registryProducer(env: NodeJS.ProcessEnv): MetricProducer {
  const startMs = performance.timeOrigin;
  const resource = telemetryResource(env);
  const scope = { name: 'prom-client', version: VERSION };
  return {
    async collect() {
      const registered = (await exportedMetrics()) as unknown as RegisteredMetric[];
      const now = Date.now();
      const metrics = registered.flatMap((metric) => toMetricData(metric, startMs, now) ?? []);
      const resourceMetrics: ResourceMetrics = { resource, scopeMetrics: [{ scope, metrics }] };
      return { resourceMetrics, errors: [] };
    },
  };
}
