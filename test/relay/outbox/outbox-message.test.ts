import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchEncoder } from '../../../relay/publishing/service-bus/encoded-batch.ts';
import { toServiceBusMessage } from '../../../relay/publishing/service-bus/service-bus-message.ts';
import { wireBytes } from '../../../relay/publishing/service-bus/wire-size.ts';
import { SeededRandom } from '../session/simulation/seeded-random.ts';
import { outboxMessage } from './outbox-messages.ts';
import { randomMessage } from './random-message.ts';

const encoder = new BatchEncoder();

/** What a message adds to a batch that holds another already. */
function encodedBytes(message: ReturnType<typeof toServiceBusMessage>): number {
  return encoder.encode([message, message]).sizeInBytes - encoder.encode([message]).sizeInBytes;
}

for (const sessions of [false, true]) {
  test(`no message is larger on the wire than it is counted, ${sessions ? 'with' : 'without'} sessions`, () => {
    // Its type, which is sent twice, was counted once: too little for long types that are not ASCII.
    for (let seed = 1; seed <= 1_500; seed++) {
      const message = randomMessage(new SeededRandom(seed), sessions);

      const onTheWire = encodedBytes(toServiceBusMessage(message, sessions));

      assert.ok(onTheWire <= wireBytes(message), `seed ${seed}: ${onTheWire} > ${wireBytes(message)}`);
    }
  });
}

test('an ordinary event is counted at little more than it has on the wire', () => {
  const message = outboxMessage('0198c0de-0000-7000-8000-000000000000', 'a'.repeat(32), {
    body: Buffer.alloc(600),
    correlationId: 'a'.repeat(36),
    causationId: 'a'.repeat(36),
  });

  const onTheWire = encodedBytes(toServiceBusMessage(message, false));
  assert.ok(wireBytes(message) < onTheWire + 256, `${wireBytes(message)} for ${onTheWire}`);
});
