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
  'DeadLetterReason',
  'DeadLetterErrorDescription',
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
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object') return typeof value === 'string' ? value : JSON.stringify(value);
  return (Buffer.isBuffer(value) ? value : copiedBytes(value))?.toString('hex') ?? JSON.stringify(value);
}

/** The bytes of a uuid, or of a number beyond 2^53: @azure/service-bus 7.9.5 copies a Buffer of the properties into a plain object. */
function copiedBytes(value: object): Buffer | undefined {
  const isCopy = Object.entries(value).every(
    ([place, byte], n) => place === String(n) && Number.isInteger(byte),
  );
  return isCopy ? Buffer.from(Object.values(value)) : undefined;
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

/**
 * Bytes as they were sent. A body that is an AMQP value or sequence instead, which the SDK has decoded, as JSON; but a text is JSON
 * already, since JMS sends a TextMessage so (OASIS AMQP JMS Mapping 1.0, Body Sections).
 */
function bytesOf(body: unknown): Buffer {
  if (typeof body === 'string') return Buffer.from(body);
  if (Buffer.isBuffer(body)) return body;
  if (body instanceof Uint8Array) return Buffer.from(body);
  return Buffer.from(JSON.stringify(body) ?? '');
}
