import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toServiceBusMessage } from '../../../../relay/publishing/service-bus/service-bus-message.ts';
import { outboxMessage } from '../../outbox/outbox-messages.ts';

test('a message with nothing but what is required has no other property', () => {
  const body = Buffer.from('{"price": 1.10}');

  const message = toServiceBusMessage(outboxMessage('id-1', undefined, { body }), false);

  assert.deepEqual(message, {
    messageId: 'id-1',
    subject: 'OrderCreated',
    contentType: 'application/json',
    body,
    applicationProperties: { messageType: 'OrderCreated' },
  });
});

test('a message with everything carries everything of the contract', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

  const message = toServiceBusMessage(
    outboxMessage('id-1', 'order-1', {
      aggregateVersion: '3',
      correlationId: 'correlation-1',
      causationId: 'command-1',
      userId: 'user-1',
      metadata: '{"tenant": "x"}',
      traceparent,
      tracestate: 'a=1',
    }),
    true,
  );

  assert.equal(message.correlationId, 'correlation-1');
  assert.equal(message.sessionId, 'order-1');
  assert.deepEqual(message.applicationProperties, {
    messageType: 'OrderCreated',
    aggregateId: 'order-1',
    aggregateVersion: 3,
    causationId: 'command-1',
    userId: 'user-1',
    traceparent,
    tracestate: 'a=1',
    'Diagnostic-Id': traceparent,
    tenant: 'x',
  });
});

for (const [text, value] of [
  ['1', 1],
  ['2147483647', 2_147_483_647],
  ['9007199254740993', '9007199254740993'],
  ['1.0', '1.0'],
  ['', ''],
  ['v7', 'v7'],
] as const) {
  test(`the version '${text}' goes out as the ${typeof value} ${value}: the column may have any type`, () => {
    const message = toServiceBusMessage(outboxMessage('id-1', 'A', { aggregateVersion: text }), false);

    assert.equal(message.applicationProperties['aggregateVersion'], value);
  });
}

test('a version of the message stands before one of its metadata', () => {
  const metadata = '{"aggregateVersion": 9}';

  const message = toServiceBusMessage(outboxMessage('id-1', 'A', { aggregateVersion: '1', metadata }), false);

  assert.equal(message.applicationProperties['aggregateVersion'], 1);
});

test('the body goes out as the very bytes that were committed', () => {
  const body = Buffer.from('{"n": 12345678901234567890}');

  assert.equal(toServiceBusMessage(outboxMessage('id-1', 'A', { body }), false).body, body);
});

test('without sessions no message has one', () => {
  assert.equal('sessionId' in toServiceBusMessage(outboxMessage('id-1', 'order-1'), false), false);
});

test('with sessions a message of no order is a session of its own', () => {
  assert.equal(toServiceBusMessage(outboxMessage('id-1'), true).sessionId, 'id-1');
});

test('metadata goes out as scalars: null is left out, what is none of them is JSON', () => {
  const metadata =
    '{"text": "ä", "number": 1.5, "yes": true, "none": null, "list": [1, "a"], "object": {"a": 1}}';

  const { applicationProperties } = toServiceBusMessage(
    outboxMessage('id-1', undefined, { metadata }),
    false,
  );

  assert.deepEqual(applicationProperties, {
    messageType: 'OrderCreated',
    text: 'ä',
    number: 1.5,
    yes: true,
    list: '[1,"a"]',
    object: '{"a":1}',
  });
});

for (const digits of [
  '12345678901234567890',
  '9007199254740993',
  `1${'0'.repeat(300)}`,
  `-1${'0'.repeat(400)}`,
]) {
  test(`a number in the metadata keeps all of its ${digits.length} digits, as text`, () => {
    // The broker's library turned some into other numbers and could not encode others, which then never passed.
    const message = outboxMessage('id-1', undefined, { metadata: `{"n": ${digits}}` });

    const { applicationProperties } = toServiceBusMessage(message, false);

    assert.equal(applicationProperties?.['n'], digits);
  });
}

test('metadata cannot take the place of a property of the contract', () => {
  const metadata = '{"messageType": "x", "aggregateId": "x", "traceparent": "x"}';

  const { applicationProperties } = toServiceBusMessage(
    outboxMessage('id-1', 'order-1', { metadata, traceparent: 'real' }),
    false,
  );

  assert.equal(applicationProperties?.['messageType'], 'OrderCreated');
  assert.equal(applicationProperties?.['aggregateId'], 'order-1');
  assert.equal(applicationProperties?.['traceparent'], 'real');
});

for (const [what, metadata] of [
  ['value', '{"half": "a\\ud83d"}'],
  ['name', '{"half\\ude00": 1}'],
] as const) {
  test(`a ${what} in the metadata that is no text, as the type json lets in, is refused, not replaced`, () => {
    const message = outboxMessage('id-1', undefined, { metadata });

    assert.throws(() => toServiceBusMessage(message, false), {
      kind: 'poison',
      message: /The metadata .*half.* has half of a surrogate pair, which is no text/,
    });
  });
}
