import type { ServiceBusMessage } from '@azure/service-bus';
import type { OutboxMessage } from '../../outbox/outbox-message.ts';
import { PublishError } from '../publish-error.ts';
import { addCloudEvent, type CloudEvents } from './cloud-events.ts';
import { MAX_HEADER_BYTES, MAX_ID_LENGTH, MAX_PROPERTY_BYTES } from './service-bus-limits.ts';

export type Properties = Record<string, string | number | boolean>;

/** What of a Service Bus message is used here. */
export interface OutgoingMessage extends ServiceBusMessage {
  readonly messageId: string;
  readonly subject: string;
  readonly contentType: string;
  readonly body: Buffer;
  readonly correlationId?: string;
  readonly sessionId?: string;
  readonly applicationProperties: Properties;
}

/**
 * The message of the contract: the committed bytes as its body, and a property only where there is a value. With `cloudEvents`,
 * it is a CloudEvent too. Throws a PublishError of kind poison for what Service Bus has no place for.
 */
export function toServiceBusMessage(
  message: OutboxMessage,
  withSession: boolean,
  cloudEvents?: CloudEvents,
): OutgoingMessage {
  // Checked here, because of the TypeErrors of the SDK nobody can tell which speak of the message.
  if (withSession && (message.aggregateId?.length ?? 0) > MAX_ID_LENGTH) {
    throw invalid(`aggregate_id is longer than the ${MAX_ID_LENGTH} characters a session id may have`);
  }
  const properties: Properties = message.metadata === undefined ? {} : metadataProperties(message.metadata);
  properties['messageType'] = message.messageType;
  if (message.aggregateId !== undefined) properties['aggregateId'] = message.aggregateId;
  if (message.aggregateVersion !== undefined)
    properties['aggregateVersion'] = wholeNumber(message.aggregateVersion);
  if (message.causationId !== undefined) properties['causationId'] = message.causationId;
  if (message.userId !== undefined) properties['userId'] = message.userId;
  if (message.traceparent !== undefined) {
    properties['traceparent'] = message.traceparent;
    // Preset, so that the SDK starts no span of its own for each message, and consumers go on with the trace.
    properties['Diagnostic-Id'] = message.traceparent;
  }
  if (message.tracestate !== undefined) properties['tracestate'] = message.tracestate;
  if (cloudEvents) addCloudEvent(properties, message, cloudEvents);
  return {
    messageId: message.messageId,
    subject: message.messageType,
    contentType: 'application/json',
    body: message.body, // a Buffer goes out as it is; a string would be quoted as JSON once more
    applicationProperties: properties,
    ...(message.correlationId !== undefined && { correlationId: message.correlationId }),
    // A session entity takes nothing without a session; a message of no order is a session of its own.
    ...(withSession && { sessionId: message.aggregateId ?? message.messageId }),
  };
}

/** The number, or the text of what is none: the column may have any type. */
function wholeNumber(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) && String(number) === text ? number : text;
}

/** Throws a PublishError of kind poison if that much beside the body is more than Service Bus takes. */
export function assertHeaderFits(message: OutgoingMessage, headerBytes: number): void {
  if (headerBytes <= MAX_PROPERTY_BYTES) return;
  for (const [name, value] of Object.entries(message.applicationProperties)) {
    const bytes = typeof value === 'string' ? Buffer.byteLength(value) : 0;
    if (bytes <= MAX_PROPERTY_BYTES) continue;
    throw invalid(
      `The property ${name} has ${bytes} bytes, and Service Bus takes ${MAX_PROPERTY_BYTES} of one`,
    );
  }
  if (headerBytes > MAX_HEADER_BYTES) {
    throw invalid(
      `The properties have ${headerBytes} bytes, and Service Bus takes ${MAX_HEADER_BYTES} of all`,
    );
  }
}

function invalid(what: string): PublishError {
  return new PublishError(what, { kind: 'poison', code: 'MESSAGE_INVALID' });
}

/** Metadata written by the api is text; what others put there may be any JSON, and AMQP properties are scalars. */
function metadataProperties(metadata: string): Properties {
  const properties: Properties = {};
  for (const [name, value] of Object.entries(JSON.parse(metadata, keepDigits) as Record<string, unknown>)) {
    if (value === null) continue;
    if (!name.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) {
      throw invalid(`The metadata ${JSON.stringify(name)} has half of a surrogate pair, which is no text`);
    }
    const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    properties[name] = scalar ? value : JSON.stringify(value);
  }
  return properties;
}

/** What `toFixed` can do. */
const MOST_DECIMALS = 100;

/** A number that JavaScript would change, or AMQP could not carry (the message would never pass), stays the text it was. */
function keepDigits(_name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  return isExact(value, context?.source ?? '') ? value : context?.source;
}

/** Whether a fraction is the decimal that it was written as; PostgreSQL writes jsonb's numbers without an exponent. */
function isExact(value: number, source: string): boolean {
  const digits = source.replace(/0+$/, '');
  const decimals = digits.length - digits.indexOf('.') - 1;
  return !Number.isInteger(value) && decimals <= MOST_DECIMALS && value.toFixed(decimals) === digits;
}
