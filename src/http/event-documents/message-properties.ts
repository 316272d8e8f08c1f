import type { EventType } from '../../messages/event-catalogue.ts';
import type { JsonSchema } from './published-schema.ts';

// What the message of an event has beside its body. A test compares it with what the relay sends.

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const ORDER_ID = '0193c0ffee007abc8def0123456789ab';

const text = (description: string, example: string): JsonSchema => ({
  type: 'string',
  description,
  examples: [example],
});
const count = (description: string): JsonSchema => ({
  type: 'integer',
  minimum: 1,
  description,
  examples: [1],
});

/** The properties that Service Bus itself knows. */
export const brokerProperties = ({ type, direction }: EventType): JsonSchema => ({
  type: 'object',
  required: ['messageId', 'subject', ...(direction === 'sent' ? ['contentType'] : [])],
  properties: {
    messageId: text(
      "The event's own id, the same each time that it is sent: what a consumer tells repeats by",
      '0193c0ff-ee00-7abc-8def-0123456789ac',
    ),
    subject: { type: 'string', const: type, description: 'The type of the event' },
    contentType: { type: 'string', const: 'application/json' },
    correlationId: text('What all messages of one conversation have in common', 'req-123'),
    sessionId: text(
      'The order, where sessions are used: one receiver has all events of an order, in their order',
      ORDER_ID,
    ),
  },
});

/** The application properties. */
export const applicationProperties = ({ direction }: EventType): JsonSchema => ({
  type: 'object',
  ...(direction === 'sent' && { required: ['messageType'] }),
  properties: {
    messageType: text('The type of the event, as `subject` has it', 'OrderCreated'),
    aggregateId: text('The order that it is about', ORDER_ID),
    aggregateVersion: count(
      'Which event of its order it is: 1, 2, 3 without a gap. It tells a repeat, a gap and what is stale',
    ),
    schemaVersion: {
      ...count('The major of the schema that the body keeps to, if it is not 1'),
      default: 1,
    },
    causationId: text('The id of the message that caused this one', '0193c0ff-ee00-7abc-8def-0123456789aa'),
    userId: text('Who asked for it', 'user-7'),
    traceparent: text('W3C Trace Context', TRACEPARENT),
    tracestate: text('W3C Trace Context', 'vendor=1'),
    'Diagnostic-Id': text('The same as `traceparent`, under the name that the Azure SDKs read', TRACEPARENT),
  },
  additionalProperties: {
    type: ['string', 'number', 'boolean'],
    description:
      'The metadata of the request, by the names that it had; and the attributes `cloudEvents_...`, where the relay sends CloudEvents',
  },
});

/** The application properties of an example. */
export const exampleProperties = ({ type }: EventType) => ({
  messageType: type,
  aggregateId: ORDER_ID,
  aggregateVersion: 1,
  traceparent: TRACEPARENT,
});
