import { type DiagLogFunction, DiagLogLevel, diag } from '@opentelemetry/api';
import { createLogger } from '../log.ts';
import { telemetryService } from './telemetry-resource.ts';

/** Writes what the SDK has to say about itself, such as a collector that it cannot reach, as lines of our log. */
export function logTelemetryReports(env: NodeJS.ProcessEnv): void {
  const log = createLogger({ level: 'warn', service: telemetryService(env) });
  const warn: DiagLogFunction = (detail) => log.warn({ detail }, 'OpenTelemetry reports a problem');
  const ignore: DiagLogFunction = () => undefined;
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  for (const signal of ['TRACES', 'METRICS']) {
    const protocol = env[`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`] || env['OTEL_EXPORTER_OTLP_PROTOCOL'];
    if (protocol && protocol !== 'http/protobuf')
      diag.warn(`${signal} are sent as http/protobuf; ${protocol} is not supported`);
  }
}
