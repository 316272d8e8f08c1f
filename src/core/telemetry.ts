import { existsSync } from 'node:fs';

// Loaded by --import before the process itself, so that pg is traced from its first import on.
// Unless a place to send traces or metrics to is configured, nothing of the SDK is loaded: no time, no memory, no hooks.

if (existsSync('.env')) process.loadEnvFile('.env');

const isWanted = await wanted(process.env);

/** Whether spans are recorded by this process. */
export const isTracing = isWanted.traces;

if (isWanted.traces || isWanted.metrics) {
  const { logTelemetryReports } = await import('./telemetry/telemetry-reports.ts');
  logTelemetryReports(process.env);
}
if (isWanted.traces) {
  const { startTracing } = await import('./telemetry/tracing.ts');
  startTracing(process.env);
}
if (isWanted.metrics) {
  const { startMetricExport } = await import('./telemetry/metric-export.ts');
  startMetricExport(process.env);
}

async function wanted(env: NodeJS.ProcessEnv): Promise<{ traces: boolean; metrics: boolean }> {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return { traces: false, metrics: false };
  const hasEndpoint = env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'];
  const exporter = env['OTEL_TRACES_EXPORTER'] || (hasEndpoint ? 'otlp' : 'none');
  const traces = exporter !== 'none';
  const metrics = env['OTEL_METRICS_EXPORTER'] === 'otlp';
  const isValid = (traces || metrics) && (await settingsAreValid(env));
  return { traces: traces && isValid, metrics: metrics && isValid };
}

/** If not, the process says what is wrong, with all else that is, and ends. */
async function settingsAreValid(env: NodeJS.ProcessEnv): Promise<boolean> {
  const { isValidTelemetry } = await import('./config.ts');
  return isValidTelemetry(env);
}
