import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { toServiceBusMessage } from '../../../../relay/publishing/service-bus/service-bus-message.ts';
import { toReceivedMessage } from '../../../../src/inbox/receiving/to-received-message.ts';
import { outboxMessage } from '../../../relay/outbox/outbox-messages.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const received = (message: object): ServiceBusReceivedMessage =>
  ({
    body: Buffer.alloc(0),
    deliveryCount: 0,
    enqueuedTimeUtc: new Date(0),
    sequenceNumber: 1n,
    ...message,
  }) as unknown as ServiceBusReceivedMessage;

test('what the relay sends comes in as it was', () => {
  const sent = {
    ...outboxMessage('m1'),
    metadata: '{"tenant":"t1","attempt":2}',
    correlationId: 'c1',
    causationId: 'before',
    userId: 'u1',
    aggregateId: 'o1',
    traceparent,
    tracestate: 'a=b',
  };

  for (const withSession of [true, false]) {
    const message = toReceivedMessage(received(toServiceBusMessage(sent, withSession)));

    assert.equal(message.messageId, sent.messageId);
    assert.equal(message.type, sent.messageType);
    assert.deepEqual(message.body, sent.body);
    assert.equal(message.aggregateId, 'o1');
    assert.equal(message.correlationId, 'c1');
    assert.equal(message.userId, 'u1');
    assert.deepEqual(message.metadata, { tenant: 't1', attempt: '2' });
    assert.deepEqual(message.trace, { traceparent, tracestate: 'a=b' });
  }
});

test('the first delivery is number 1', () => {
  assert.equal(toReceivedMessage(received({ deliveryCount: 0 })).deliveryCount, 1);
});

test('what the sender did not set is undefined', () => {
  const message = toReceivedMessage(
    received({ subject: '', sequenceNumber: { toString: () => '72057594037927937' } }),
  );

  assert.deepEqual(message, {
    messageId: undefined,
    type: undefined,
    body: Buffer.alloc(0),
    aggregateId: undefined,
    aggregateVersion: undefined,
    correlationId: undefined,
    userId: undefined,
    metadata: {},
    trace: undefined,
    deliveryCount: 1,
    sequenceNumber: 72057594037927937n,
    enqueuedAt: new Date(0),
  });
});

test('the type is the property, else the subject', () => {
  assert.equal(
    toReceivedMessage(received({ subject: 'A', applicationProperties: { messageType: 'B' } })).type,
    'B',
  );
  assert.equal(toReceivedMessage(received({ subject: 'A' })).type, 'A');
});

test('a Diagnostic-Id is a trace as well, and a tracestate without a traceparent is nobody’s', () => {
  const applicationProperties = { 'Diagnostic-Id': traceparent, tracestate: 'a=b' };

  assert.deepEqual(toReceivedMessage(received({ applicationProperties })).trace, {
    traceparent,
    tracestate: undefined,
  });
});

for (const [value, version] of [
  [3, 3],
  [0, undefined],
  [1.5, undefined],
  ['3', undefined],
] as const) {
  test(`aggregateVersion ${JSON.stringify(value)} is ${version}`, () => {
    const message = received({ applicationProperties: { aggregateVersion: value } });

    assert.equal(toReceivedMessage(message).aggregateVersion, version);
  });
}

for (const [body, text] of [
  [{ orderId: 'o1' }, '{"orderId":"o1"}'],
  ['{"orderId":"o1"}', '{"orderId":"o1"}'],
  [[1, 2], '[1,2]'],
  [null, 'null'],
  [undefined, ''],
  [new Uint8Array([123, 125]), '{}'],
] as const) {
  test(`a body that is ${JSON.stringify(body)} comes in as ${text === '' ? 'nothing' : text}`, () => {
    assert.equal(toReceivedMessage(received({ body })).body.toString(), text);
  });
}
