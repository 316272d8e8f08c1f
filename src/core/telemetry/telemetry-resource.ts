import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';

/** The name of this process in traces and metrics. */
export const telemetryService = (env: NodeJS.ProcessEnv) =>
  env['OTEL_SERVICE_NAME'] || env['SERVICE_NAME'] || 'OrderService';

/** What traces and metrics say of the process that they come from. */
export function telemetryResource(env: NodeJS.ProcessEnv): Resource {
  return defaultResource()
    .merge(detectResources({ detectors: [serviceInstanceIdDetector, envDetector] }))
    .merge(resourceFromAttributes({ 'service.name': telemetryService(env) }));
}
