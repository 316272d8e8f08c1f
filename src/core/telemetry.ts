import { existsSync } from 'node:fs';

// Loaded by --import before the process itself, so that pg is traced from its first import on.
// Unless a place to send traces to is configured, nothing of the SDK is loaded: no time, no memory, no hooks.

if (existsSync('.env')) process.loadEnvFile('.env');

/** Whether spans are recorded by this process. */
export const isTracing = tracesAreWanted(process.env);

if (isTracing) {
  const { startTracing } = await import('./tracing.ts');
  startTracing(process.env);
}

function tracesAreWanted(env: NodeJS.ProcessEnv): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none')
    return false;
  return Boolean(
    env['OTEL_EXPORTER_OTLP_ENDPOINT'] ||
      env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ||
      env['OTEL_TRACES_EXPORTER'] === 'otlp',
  );
}
