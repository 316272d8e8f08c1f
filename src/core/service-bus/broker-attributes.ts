import type { ServiceBusConnection } from './service-bus-connection.ts';

/** What a span says of the broker: https://opentelemetry.io/docs/specs/semconv/messaging/azure-messaging/ */
export function brokerAttributes({
  connectionString = '',
  namespace,
}: ServiceBusConnection): Record<string, string> {
  const host = namespace ?? /Endpoint=sb:\/\/([^/:;]+)/.exec(connectionString)?.[1];
  return { 'messaging.system': 'servicebus', ...(host !== undefined && { 'server.address': host }) };
}
