import { setTimeout as sleep } from 'node:timers/promises';
import { FastifyOtelInstrumentation } from '@fastify/otel';
import { type DiagLogFunction, DiagLogLevel, diag } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { onExit } from './lifecycle.ts';
import { createLogger } from './log.ts';

// A collector that is away must not use up the time in which the relay drains.
const FLUSH_WITHIN_MS = 3_000;

/**
 * Sends spans of HTTP requests and of the queries they make over OTLP, as the standard OTEL_* variables say.
 * The rest of the code knows `@opentelemetry/api` alone. What is buffered is sent when the process ends.
 */
export function startTracing(env: NodeJS.ProcessEnv): void {
  const service = env['OTEL_SERVICE_NAME'] || env['SERVICE_NAME'] || 'OrderService';
  reportTo(createLogger({ level: 'warn', service }));
  warnOfOtherProtocols(env);

  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(detectResources({ detectors: [serviceInstanceIdDetector, envDetector] }))
      .merge(resourceFromAttributes({ 'service.name': service })),
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

  onExit('tracing', async () => {
    const flushed = provider.shutdown().then(() => true);
    if (!(await Promise.race([flushed, sleep(FLUSH_WITHIN_MS, false, { ref: false })])))
      throw new Error(`The last spans were not sent within ${FLUSH_WITHIN_MS} ms`);
  });
}

/** What the SDK has to say about itself, such as a collector it cannot reach, as lines of our log. */
function reportTo(log: ReturnType<typeof createLogger>): void {
  const warn: DiagLogFunction = (detail) => log.warn({ detail }, 'OpenTelemetry reports a problem');
  const ignore: DiagLogFunction = () => undefined;
  diag.setLogger(
    { error: warn, warn, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

function warnOfOtherProtocols(env: NodeJS.ProcessEnv): void {
  const protocol = env['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'] || env['OTEL_EXPORTER_OTLP_PROTOCOL'];
  if (protocol && protocol !== 'http/protobuf')
    diag.warn(`Traces are sent as http/protobuf; ${protocol} is not supported`);
}
