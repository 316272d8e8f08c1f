import assert from 'node:assert/strict';
import { test } from 'node:test';
import rhea from 'rhea';
import { deliveredBytes } from '../../../dev/service-bus/delivered-message.ts';
import { batchedMessages, EncodedMessage } from '../../../dev/service-bus/encoded-message.ts';
import type { StoredMessage } from '../../../dev/service-bus/stored-message.ts';
import { encoded } from './encoded.ts';

test('fields are found wherever they are left out before', () => {
  const message = encoded({ correlation_id: 'c', group_id: 's', ttl: 300, application_properties: { a: 1 } });

  assert.deepEqual(
    [message.messageId, message.subject, message.correlationId, message.sessionId, message.timeToLiveMs],
    [undefined, undefined, 'c', 's', 300],
  );
  assert.deepEqual(message.applicationProperties, { a: 1 });
});

for (const [name, id, text] of [
  ['a text', 'm-ü', 'm-ü'],
  ['a small number', 7, '7'],
  ['a large number', 2 ** 40, '1099511627776'],
  ['a uuid', Buffer.from('00112233445566778899aabbccddeeff', 'hex'), '00112233-4455-6677-8899-aabbccddeeff'],
] as const) {
  test(`a message id that is ${name} is read as text`, () => {
    assert.equal(encoded({ message_id: id }).messageId, text);
  });
}

test('several data sections are one body, and a body of another kind is its bytes', () => {
  const parts = rhea.message.encode({
    body: rhea.message.data_sections([Buffer.from('ab'), Buffer.from('cd')]),
  });
  const value = rhea.message.encode({ body: 'text' });

  assert.equal(new EncodedMessage(parts).body.toString(), 'abcd');
  assert.equal(new EncodedMessage(value).body.toString(), 'text');
});

test('bytes that are cut short anywhere are refused, never read past their end', () => {
  const { bytes } = encoded({
    message_id: 'm1',
    application_properties: { a: 'b' },
    body: Buffer.from('body'),
  });

  for (let length = 1; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    // A cut between two sections leaves a message that is shorter, and whole.
    try {
      assert.ok(new EncodedMessage(cut).bodyAt <= length);
    } catch (error) {
      assert.ok(error instanceof RangeError);
    }
  }
  assert.throws(() => batchedMessages(Buffer.from('no message at all')), RangeError);
});

test('what the sender wrote leaves as it came, around a property that a receiver changed', () => {
  const message = encoded({
    message_id: 'm1',
    subject: 's',
    application_properties: { kept: rhea.types.wrap_long(5), changed: 'a' },
    body: Buffer.from('body'),
  });

  const untouched = rhea.message.decode(deliveredBytes(stored(message)));
  const changed = deliveredBytes(stored(message, { changed: 'b' }));

  assert.equal(untouched['message_id'], 'm1');
  assert.deepEqual(rhea.message.decode(changed)['application_properties'], { kept: 5, changed: 'b' });
  // Its type too: a long of 5 stays a long, where encoding it anew would make it an unsigned integer.
  assert.ok(changed.includes(Buffer.from([0xa1, 4, ...Buffer.from('kept'), 0x55, 5])));
  assert.ok(changed.subarray(-message.body.length).equals(message.body));
});

function stored(message: EncodedMessage, changedProperties?: Record<string, unknown>): StoredMessage {
  return {
    encoded: message,
    sessionId: undefined,
    enqueuedAt: 0,
    expiresAt: Number.POSITIVE_INFINITY,
    enqueuedSequenceNumber: 1,
    sequenceNumber: 1,
    state: 'active',
    deliveryCount: 0,
    lockToken: undefined,
    activeAt: undefined,
    changedProperties,
    deadLetterSource: undefined,
  };
}
