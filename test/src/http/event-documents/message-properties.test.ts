import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { OutboxMessage } from '../../../../relay/outbox/outbox-message.ts';
import { toServiceBusMessage } from '../../../../relay/publishing/service-bus/service-bus-message.ts';
import {
  applicationProperties,
  brokerProperties,
} from '../../../../src/http/event-documents/message-properties.ts';
import { EVENT_CATALOGUE } from '../../../../src/messages/event-catalogue.ts';

const [event = assert.fail()] = EVENT_CATALOGUE;
const ajv = new Ajv2020({ strictTypes: false });

/** A row of the outbox with everything that one can have. */
const full = {
  messageId: '0193c0ff-ee00-7abc-8def-0123456789ac',
  messageType: event.type,
  body: Buffer.from('{}'),
  aggregateId: '0193c0ffee007abc8def0123456789ab',
  aggregateVersion: '7',
  correlationId: 'req-123',
  causationId: '0193c0ff-ee00-7abc-8def-0123456789aa',
  userId: 'user-7',
  metadata: '{"schemaVersion": 2}',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'v=1',
} as OutboxMessage;

test('what the relay sends beside the body is what is documented, and all of it', () => {
  const { body: _, applicationProperties: sent, ...properties } = toServiceBusMessage(full, true);

  for (const [schema, value] of [
    [brokerProperties(event), properties],
    [applicationProperties(event), sent],
  ] as const) {
    const validate = ajv.compile(schema);
    assert.ok(validate(value), ajv.errorsText(validate.errors));
    assert.deepEqual(Object.keys(value).sort(), Object.keys(schema['properties'] as object).sort());
  }
});

test('metadata is documented: any name, any scalar', () => {
  const metadata = '{"tenant": "t1", "retries": 3, "gift": true}';
  const { applicationProperties: sent } = toServiceBusMessage({ ...full, metadata }, false);

  assert.ok(ajv.validate(applicationProperties(event), sent));
  assert.ok(!ajv.validate(applicationProperties(event), { ...sent, tenant: [] }));
});
