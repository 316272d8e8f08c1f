import { Type } from '@sinclair/typebox';

const oneOf = (...values: string[]) =>
  Type.Optional(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      { description: `one of ${values.join(', ')}` },
    ),
  );

const endpoint = Type.Optional(
  Type.String({
    description: 'a URL such as http://localhost:4318',
    check: (text: string) =>
      /^https?:/.test(text) && URL.canParse(text) ? undefined : 'it is no URL of http or https',
  }),
);

const pairs = (example: string) =>
  Type.Optional(
    Type.String({ pattern: '^\\s*[^=,\\s]+=[^,]*(,\\s*[^=,\\s]+=[^,]*)*,?\\s*$', description: example }),
  );

/**
 * What of OpenTelemetry's variables is for both processes; the SDK reads them itself.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const telemetryProperties = {
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_HEADERS: pairs('a list such as api-key=secret,tenant=shop'),
  OTEL_EXPORTER_OTLP_PROTOCOL: oneOf('http/protobuf', 'http/json', 'grpc'),
  OTEL_SERVICE_NAME: Type.Optional(Type.String({ description: 'a name' })),
  OTEL_RESOURCE_ATTRIBUTES: pairs('a list such as deployment.environment.name=test,region=eu'),
  OTEL_TRACES_EXPORTER: oneOf('otlp', 'none'),
  OTEL_TRACES_SAMPLER: oneOf(
    'always_on',
    'always_off',
    'traceidratio',
    'parentbased_always_on',
    'parentbased_always_off',
    'parentbased_traceidratio',
  ),
  OTEL_TRACES_SAMPLER_ARG: Type.Optional(
    Type.Number({ minimum: 0, maximum: 1, description: 'a number from 0 to 1' }),
  ),
  OTEL_METRICS_EXPORTER: oneOf('otlp', 'none', 'prometheus'),
  OTEL_METRIC_EXPORT_INTERVAL: Type.Optional(
    Type.Integer({ minimum: 100, description: 'milliseconds, 100 or more' }),
  ),
  OTEL_SDK_DISABLED: Type.Optional(
    Type.String({ pattern: '^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$', description: 'true or false' }),
  ),
};
