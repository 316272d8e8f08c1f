import { type Static, Type } from '@sinclair/typebox';
import type { OutboxMessage } from '../../outbox/outbox-message.ts';

/** What the attributes of all events have in common. */
export interface CloudEvents {
  readonly source: string;
  /** What the address of every schema begins with, without a slash at its end. */
  readonly schemaUrl: string | undefined;
}

const FORMATS = ['plain', 'cloudevents'] as const;
/** The characters of a URI reference: https://www.rfc-editor.org/rfc/rfc3986#appendix-A */
const URI_REFERENCE = "^[A-Za-z0-9\\-._~:/?#\\[\\]@!$&'()*+,;=%]+$";

/** What of the environment says in which form events go out. */
export const cloudEventsProperties = {
  EVENT_FORMAT: Type.Unsafe<(typeof FORMATS)[number]>({
    type: 'string',
    enum: FORMATS,
    default: 'plain',
    description: `one of ${FORMATS.join(', ')}`,
  }),
  CLOUDEVENTS_SOURCE: Type.Optional(
    Type.String({
      pattern: URI_REFERENCE,
      description: 'a URI reference such as https://orders.example.com, with EVENT_FORMAT=cloudevents',
      check: cloudEventsAlone,
    }),
  ),
  CLOUDEVENTS_SCHEMA_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^\\s/]([^\\s]*[^\\s/])?$',
      description:
        'a URL such as https://orders.example.com/schemas, without a slash at its end, with EVENT_FORMAT=cloudevents',
      check: cloudEventsAlone,
    }),
  ),
};

function cloudEventsAlone(_value: string, { EVENT_FORMAT }: Readonly<Record<string, unknown>>) {
  return EVENT_FORMAT === 'cloudevents' ? undefined : 'EVENT_FORMAT is not cloudevents';
}

const settings = Type.Object({ ...cloudEventsProperties, SERVICE_NAME: Type.String() });

/** What these settings say of CloudEvents; undefined where events are plain. */
export function cloudEventsOf(config: Static<typeof settings>): CloudEvents | undefined {
  if (config.EVENT_FORMAT === 'plain') return undefined;
  return {
    source: config.CLOUDEVENTS_SOURCE ?? `urn:service:${encodeURIComponent(config.SERVICE_NAME)}`,
    schemaUrl: config.CLOUDEVENTS_SCHEMA_URL,
  };
}

/**
 * Adds the attributes of the event to the application properties, in the binary mode of the AMQP binding; the content type of the
 * message is the attribute datacontenttype.
 * https://github.com/cloudevents/spec/blob/main/cloudevents/bindings/amqp-protocol-binding.md#31-binary-content-mode
 */
export function addCloudEvent(
  properties: Record<string, string | number | boolean>,
  { messageId, messageType, aggregateId, traceparent, tracestate }: OutboxMessage,
  { source, schemaUrl }: CloudEvents,
): void {
  const time = timeOf(messageId);
  properties['cloudEvents_specversion'] = '1.0';
  properties['cloudEvents_id'] = messageId;
  properties['cloudEvents_source'] = source;
  properties['cloudEvents_type'] = messageType;
  if (aggregateId) properties['cloudEvents_subject'] = aggregateId;
  if (time !== undefined) properties['cloudEvents_time'] = time;
  if (schemaUrl !== undefined) {
    const major = encodeURIComponent(properties['schemaVersion'] ?? 1);
    properties['cloudEvents_dataschema'] = `${schemaUrl}/${encodeURIComponent(messageType)}/${major}`;
  }
  // The extension for tracing: https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md
  if (traceparent !== undefined) properties['cloudEvents_traceparent'] = traceparent;
  if (tracestate !== undefined) properties['cloudEvents_tracestate'] = tracestate;
}

/** When the event was made, if its id is a UUIDv7: the same for each repeat. https://www.rfc-editor.org/rfc/rfc9562#section-5.7 */
function timeOf(messageId: string): string | undefined {
  if (messageId[14] !== '7') return undefined;
  const ms = Number.parseInt(messageId.slice(0, 8) + messageId.slice(9, 13), 16);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}
