import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { parseTraceContext } from '../../messages/trace-context.ts';
import type { ReceivedMessage } from '../received-message.ts';

/** Properties with a meaning of their own. The causation is that of the sender's message, not of what follows from it. */
const OWN_PROPERTIES = new Set([
  'messageType',
  'aggregateId',
  'aggregateVersion',
  'causationId',
  'userId',
  'traceparent',
  'tracestate',
  'Diagnostic-Id',
]);

/** What a receiver with `skipParsingBodyAsJson` has received, in words that are not the broker's. */
export function toReceivedMessage(message: ServiceBusReceivedMessage): ReceivedMessage {
  const properties = message.applicationProperties ?? {};
  return {
    messageId: textOf(message.messageId),
    type: textOf(properties['messageType']) ?? textOf(message.subject),
    body: bytesOf(message.body),
    aggregateId: textOf(message.sessionId) ?? textOf(properties['aggregateId']),
    aggregateVersion: versionOf(properties['aggregateVersion']),
    correlationId: textOf(message.correlationId),
    userId: textOf(properties['userId']),
    metadata: metadataOf(properties),
    trace: parseTraceContext(
      // Only with the first does a tracestate come from the same sender.
      properties['traceparent'] ?? properties['Diagnostic-Id'],
      properties['traceparent'] === undefined ? undefined : properties['tracestate'],
    ),
    // AMQP counts the deliveries before this one.
    deliveryCount: (message.deliveryCount ?? 0) + 1,
    sequenceNumber: BigInt(message.sequenceNumber?.toString() ?? 0),
    enqueuedAt: message.enqueuedTimeUtc ?? new Date(),
  };
}

/** Undefined for what is not there or empty. */
function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function metadataOf(properties: Readonly<Record<string, unknown>>): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(properties)) {
    const text = OWN_PROPERTIES.has(name) ? undefined : textOf(value);
    if (text !== undefined) metadata[name] = text;
  }
  return metadata;
}

function versionOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;
}

/** Bytes as they were sent. A body that is an AMQP value or sequence instead, which the SDK has decoded, as JSON. */
function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(JSON.stringify(body) ?? '');
}
