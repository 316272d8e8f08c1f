import { VERSION } from '../../core/version.ts';
import type { EventType } from '../../messages/event-catalogue.ts';
import { applicationProperties, brokerProperties, exampleProperties } from './message-properties.ts';
import { type JsonSchema, publishedSchema } from './published-schema.ts';

export interface AsyncApiMessage {
  readonly name: string;
  readonly summary: string;
  readonly 'x-schema-major': number;
  readonly 'x-service-bus-properties': JsonSchema;
  readonly headers: JsonSchema;
  readonly payload: JsonSchema;
  readonly examples: readonly { readonly headers: unknown; readonly payload: unknown }[];
}

export interface AsyncApiChannel {
  readonly title: string;
  readonly address: string;
  readonly description: string;
  readonly parameters: Readonly<Record<string, object>>;
  readonly messages: Readonly<Record<string, AsyncApiMessage>>;
}

export interface AsyncApiDocument {
  readonly asyncapi: string;
  readonly id: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly defaultContentType: string;
  readonly servers: Readonly<Record<string, object>>;
  readonly channels: Readonly<Record<string, AsyncApiChannel>>;
  readonly operations: Readonly<Record<string, object>>;
}

const CHANNELS = [
  {
    name: 'orders',
    direction: 'sent',
    channel: {
      title: 'Events of orders',
      address: '{entity}',
      description:
        'A topic, or a queue. Where it requires sessions, the session of an event is its order: `sessionId`.',
      parameters: { entity: { default: 'orders', description: 'The topic or queue that is configured' } },
    },
    operation: {
      name: 'publishEvents',
      action: 'send',
      summary: 'The relay sends what happened to orders',
    },
  },
  {
    name: 'answers',
    direction: 'received',
    channel: {
      title: 'Events of other services',
      address: '{subscription}',
      description:
        'What the inbox receives from. Events of one order have its id as `sessionId`, or else as `aggregateId`.',
      parameters: { subscription: { description: 'A topic and its subscription, or a queue' } },
    },
    operation: { name: 'receiveEvents', action: 'receive', summary: 'The inbox takes what others answer' },
  },
] as const;

/** What goes over Service Bus, as AsyncAPI has it: https://www.asyncapi.com/docs/reference/specification/v3.1.0 */
export function asyncApiDocument(events: readonly EventType[]): AsyncApiDocument {
  const used = CHANNELS.map((each) => ({
    ...each,
    messages: messagesOf(events.filter(({ direction }) => direction === each.direction)),
  })).filter(({ messages }) => Object.keys(messages).length > 0);
  return {
    asyncapi: '3.1.0',
    id: 'urn:order-service:events',
    info: INFO,
    defaultContentType: 'application/json',
    servers: SERVERS,
    channels: Object.fromEntries(used.map(({ name, channel, messages }) => [name, { ...channel, messages }])),
    operations: Object.fromEntries(
      used.map(({ name, operation: { name: operation, ...said }, messages }) => {
        const channel = `#/channels/${name}`;
        const refs = Object.keys(messages).map((key) => ({ $ref: `${channel}/messages/${key}` }));
        return [operation, { ...said, channel: { $ref: channel }, messages: refs }];
      }),
    ),
  };
}

const INFO = {
  title: 'Events of the order service',
  version: VERSION,
  description:
    'Each event is sent at least once, with the same `messageId` each time, and those of one order in the order in which they ' +
    'were committed. A body may have more members than its schema names.',
  license: { name: 'MIT' },
};

const SERVERS = {
  serviceBus: {
    host: '{namespace}.servicebus.windows.net',
    protocol: 'amqps',
    protocolVersion: '1.0',
    description: 'Azure Service Bus',
    variables: { namespace: { description: 'The namespace that the service is configured with' } },
  },
};

/** The key of a message within its channel. Two majors of one type may be sent side by side. */
export const messageKey = ({ type, major }: Pick<EventType, 'type' | 'major'>) => `${type}.v${major}`;

function messagesOf(events: readonly EventType[]): Record<string, AsyncApiMessage> {
  return Object.fromEntries(events.map((event) => [messageKey(event), toMessage(event)]));
}

function toMessage(event: EventType): AsyncApiMessage {
  const { examples = [], ...payload } = publishedSchema(event) as JsonSchema & { examples?: unknown[] };
  return {
    name: event.type,
    summary: event.summary,
    'x-schema-major': event.major,
    'x-service-bus-properties': brokerProperties(event),
    headers: applicationProperties(event),
    payload,
    examples: examples.map((example) => ({ headers: exampleProperties(event), payload: example })),
  };
}
