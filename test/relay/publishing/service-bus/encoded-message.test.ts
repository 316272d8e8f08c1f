import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutboxMessage } from '../../../../relay/outbox/outbox-message.ts';
import { EncodedBatch } from '../../../../relay/publishing/service-bus/encoded-batch.ts';
import {
  type EncodedMessage,
  MessageEncoder,
} from '../../../../relay/publishing/service-bus/encoded-message.ts';
import { toServiceBusMessage } from '../../../../relay/publishing/service-bus/service-bus-message.ts';
import { outboxMessage } from '../../outbox/outbox-messages.ts';
import { randomMessage } from '../../outbox/random-message.ts';
import { SeededRandom } from '../../session/simulation/seeded-random.ts';

const encoder = new MessageEncoder();
const encode = (message: OutboxMessage, sessions = false): EncodedMessage =>
  encoder.encode(toServiceBusMessage(message, sessions), 'orders');
const sizeOf = (...batch: EncodedMessage[]) => new EncodedBatch(batch).sizeInBytes;

for (const sessions of [false, true]) {
  test(`a message takes of a batch just what it is counted at, ${sessions ? 'with' : 'without'} sessions`, () => {
    for (let seed = 1; seed <= 1_500; seed++) {
      const message = encode(randomMessage(new SeededRandom(seed), sessions), sessions);

      assert.equal(sizeOf(message, message) - sizeOf(message), message.bytes, `seed ${seed}`);
    }
  });
}

test('a message whose properties are larger than the envelope of a batch may be goes alone', () => {
  // Its properties stand in the envelope once more: 240,000 bytes with an id of 15,000 were sent as 270,272, and refused.
  const small = encode(outboxMessage('id', 'a', { correlationId: 'c'.repeat(3_000) }));
  const large = encode(outboxMessage('id', 'a', { correlationId: 'c'.repeat(5_000) }));

  assert.deepEqual([small.alone, large.alone], [false, true]);
  assert.equal(large.large, undefined);
});

test('a message that is nearly as large as a message may be goes as it is, without a batch around it', () => {
  const message = encode(
    outboxMessage('id', 'a', { body: Buffer.alloc(240_000), correlationId: 'c'.repeat(15_000) }),
  );

  assert.equal(message.alone, true);
  assert.ok(message.large && message.large.bytes < 256 * 1024 && message.large.bytes > 255_000);
});

test('a message of any size is measured as it is sent, by what is written of a smaller one', () => {
  const bytesOf = (bodyBytes: number) =>
    encode(outboxMessage('id', 'a', { body: Buffer.alloc(bodyBytes) })).large?.bytes;
  const written = bytesOf(256 * 1024) ?? 0;

  assert.equal(bytesOf(256 * 1024 + 1), written + 1);
});

for (const { name, message, told } of [
  {
    name: 'one property of 40,000 bytes',
    message: outboxMessage('id', 'a', { metadata: JSON.stringify({ s: 'x'.repeat(40_000) }) }),
    told: 'The property s has 40000 bytes, and Service Bus takes 32768 of one',
  },
  {
    name: 'properties of 70,000 bytes together',
    message: outboxMessage('id', 'a', {
      metadata: JSON.stringify(
        Object.fromEntries(Array.from({ length: 7 }, (_, n) => [n, 'x'.repeat(10_000)])),
      ),
    }),
    told: /^The properties have 70\d{3} bytes, and Service Bus takes 64512 of all$/,
  },
]) {
  test(`${name} are more than Service Bus takes: that is told before anything is sent`, () => {
    assert.throws(() => encode(message), { kind: 'poison', code: 'MESSAGE_INVALID', message: told });
  });
}
