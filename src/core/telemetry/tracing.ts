import { FastifyOtelInstrumentation } from '@fastify/otel';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { flushOnExit } from './flush-on-exit.ts';
import { telemetryResource } from './telemetry-resource.ts';

/**
 * Sends spans of HTTP requests and of the queries they make over OTLP, as the standard OTEL_* variables say.
 * The rest of the code knows `@opentelemetry/api` alone. What is buffered is sent when the process ends.
 */
export function startTracing(env: NodeJS.ProcessEnv): void {
  const provider = new NodeTracerProvider({
    resource: telemetryResource(env),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  registerInstrumentations({
    tracerProvider: provider,
    instrumentations: [
      // One span a request; a span for each of its hooks tells nobody anything.
      new FastifyOtelInstrumentation({
        registerOnInitialization: true,
        instrumentHooks: false,
        instrumentHandler: false,
        ignorePaths: ({ url }) => url.startsWith('/health/') || url === '/metrics',
        // It calls every span "request".
        requestHook: (span, { method, routeOptions: { url } }) =>
          span.updateName(url ? `${method} ${url}` : method),
      }),
      // Queries inside of a trace only: the relay's marks and the health checks belong to none.
      new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true }),
    ],
  });

  flushOnExit('tracing', () => provider.shutdown());
}
