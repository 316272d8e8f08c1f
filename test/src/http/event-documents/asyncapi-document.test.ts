import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Parser } from '@asyncapi/parser';
import { Type } from '@sinclair/typebox';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { asyncApiDocument } from '../../../../src/http/event-documents/asyncapi-document.ts';
import type { JsonSchema } from '../../../../src/http/event-documents/published-schema.ts';
import { EVENT_CATALOGUE, type EventType } from '../../../../src/messages/event-catalogue.ts';

const received: EventType = {
  type: 'PaymentFailed',
  major: 1,
  direction: 'received',
  summary: 'A payment failed',
  schema: Type.Object({ orderId: Type.String() }, { examples: [{ orderId: 'o1' }] }),
};

test('the parser of AsyncAPI has nothing to say of the document, whatever it holds', async () => {
  for (const events of [EVENT_CATALOGUE, EVENT_CATALOGUE.filter(({ direction }) => direction === 'sent')])
    assert.deepEqual(await diagnose(asyncApiDocument(events)), []);
});

test('the parser finds what is wrong with a document', async () => {
  const document = asyncApiDocument(EVENT_CATALOGUE);
  const { orders = assert.fail(), ...channels } = document.channels;

  const lost = { ...document, channels: { ...channels, others: orders } };
  assert.match(String(await diagnose(lost)), /does not exist/);
  const undocumented = { ...document, info: { title: 'No version' } };
  assert.match(String(await diagnose(undocumented)), /must have required property "?version/);
});

test('every example keeps to the schemas of its message', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const { channels } = asyncApiDocument(EVENT_CATALOGUE);
  const messages = Object.values(channels).flatMap((channel) => Object.values(channel.messages));

  assert.ok(messages.length > 2);
  for (const { headers, payload, examples, 'x-service-bus-properties': properties } of messages) {
    assert.ok(examples.length > 0);
    for (const example of examples) {
      assert.ok(ajv.validate(payload, example.payload), ajv.errorsText());
      assert.ok(ajv.validate(headers, example.headers), ajv.errorsText());
    }
    for (const property of Object.values(properties['properties'] as Record<string, JsonSchema>))
      for (const example of (property['examples'] ?? []) as unknown[])
        assert.ok(ajv.validate(property, example), ajv.errorsText());
  }
});

test('events that are received have a channel and an operation of their own', () => {
  const [sent = assert.fail()] = EVENT_CATALOGUE;

  const { channels, operations } = asyncApiDocument([sent, received]);

  assert.deepEqual(Object.keys(channels['answers']?.messages ?? {}), ['PaymentFailed.v1']);
  assert.deepEqual(operations['receiveEvents'], {
    action: 'receive',
    summary: 'The inbox takes what others answer',
    channel: { $ref: '#/channels/answers' },
    messages: [{ $ref: '#/channels/answers/messages/PaymentFailed.v1' }],
  });
});

test('two majors of an event stand side by side', () => {
  const [first = assert.fail()] = EVENT_CATALOGUE;

  const { channels } = asyncApiDocument([first, { ...first, major: 2 }]);

  assert.deepEqual(Object.keys(channels['orders']?.messages ?? {}), ['OrderCreated.v1', 'OrderCreated.v2']);
});

async function diagnose(document: object): Promise<string[]> {
  const { diagnostics } = await new Parser().parse(JSON.stringify(document));
  return diagnostics.map(({ code, path, message }) => `${code} ${path.join('/')}: ${message}`);
}
