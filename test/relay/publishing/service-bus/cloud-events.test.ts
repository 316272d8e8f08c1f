import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CloudEvent, HTTP } from 'cloudevents';
import type { OutboxMessage } from '../../../../relay/outbox/outbox-message.ts';
import { type CloudEvents, cloudEventsOf } from '../../../../relay/publishing/service-bus/cloud-events.ts';
import { toServiceBusMessage } from '../../../../relay/publishing/service-bus/service-bus-message.ts';
import { outboxMessage } from '../../outbox/outbox-messages.ts';

const V7 = '0193c0ff-ee00-7abc-8def-0123456789ab';
const V4 = 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6';
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const common: CloudEvents = { source: 'urn:service:OrderService', schemaUrl: 'https://shop.example/schemas' };

test('the package of CloudEvents reads every attribute', () => {
  const message = outboxMessage(V7, 'order-1', {
    body: Buffer.from('{"totalAmount": 89.97}'),
    metadata: '{"schemaVersion": 2, "tenant": "t1"}',
    traceparent: TRACEPARENT,
    tracestate: 'v=1',
  });

  const event = read(message, common);

  assert.deepEqual(JSON.parse(JSON.stringify(event)), {
    specversion: '1.0',
    id: V7,
    source: 'urn:service:OrderService',
    type: 'OrderCreated',
    subject: 'order-1',
    time: '2024-12-13T17:10:18.368Z',
    datacontenttype: 'application/json',
    dataschema: 'https://shop.example/schemas/OrderCreated/2',
    traceparent: TRACEPARENT,
    tracestate: 'v=1',
    data: { totalAmount: 89.97 },
  });
});

test('what an event does not have is no attribute: neither order, nor trace, nor schema, nor the time of an id without one', () => {
  const { applicationProperties } = toServiceBusMessage(outboxMessage(V4), false, {
    ...common,
    schemaUrl: undefined,
  });

  assert.deepEqual(applicationProperties, {
    messageType: 'OrderCreated',
    cloudEvents_specversion: '1.0',
    cloudEvents_id: V4,
    cloudEvents_source: 'urn:service:OrderService',
    cloudEvents_type: 'OrderCreated',
  });
});

test('a type that is no part of an address is written as one, and the first major needs not be said', () => {
  const { dataschema } = read(outboxMessage(V7, 'a', { messageType: 'Order/Created now' }), common);

  assert.equal(dataschema, 'https://shop.example/schemas/Order%2FCreated%20now/1');
});

test('a CloudEvent has all that the plain message has, and metadata cannot pass for an attribute', () => {
  const message = outboxMessage(V7, 'a', {
    metadata: '{"cloudEvents_id": "forged"}',
    traceparent: TRACEPARENT,
  });
  const plain = toServiceBusMessage(message, true);

  const event = toServiceBusMessage(message, true, common);

  assert.equal(event.applicationProperties['cloudEvents_id'], V7);
  const { applicationProperties, ...rest } = plain;
  assert.deepEqual(
    { ...event.applicationProperties, cloudEvents_id: 'forged' },
    { ...event.applicationProperties, ...applicationProperties },
  );
  const { applicationProperties: _, ...others } = event;
  assert.deepEqual(others, rest);
});

test('the source is a URN of the name of the service, unless it is set', () => {
  const config = { EVENT_FORMAT: 'cloudevents', SERVICE_NAME: 'Order Service' } as const;

  assert.equal(cloudEventsOf(config)?.source, 'urn:service:Order%20Service');
  assert.equal(cloudEventsOf({ ...config, CLOUDEVENTS_SOURCE: '/orders' })?.source, '/orders');
  assert.equal(cloudEventsOf({ ...config, EVENT_FORMAT: 'plain' }), undefined);
});

/** As the package reads its binary mode. It has none for AMQP: HTTP's differs in the prefix. */
function read(message: OutboxMessage, options: CloudEvents): CloudEvent<unknown> {
  const { applicationProperties, contentType, body } = toServiceBusMessage(message, true, options);
  const attributes = Object.entries(applicationProperties).flatMap(([name, value]) =>
    name.startsWith('cloudEvents_') ? [[name.replace('cloudEvents_', 'ce-'), String(value)]] : [],
  );
  const headers = { 'content-type': contentType, ...Object.fromEntries(attributes) };
  return HTTP.toEvent({ headers, body: body.toString() }) as CloudEvent<unknown>;
}
