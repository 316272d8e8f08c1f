import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceBusClient, type ServiceBusMessageBatch } from '@azure/service-bus';
import { EncodedBatch } from '../../../../relay/publishing/service-bus/encoded-batch.ts';
import { MessageEncoder } from '../../../../relay/publishing/service-bus/encoded-message.ts';
import {
  type OutgoingMessage,
  toServiceBusMessage,
} from '../../../../relay/publishing/service-bus/service-bus-message.ts';
import { cleanup } from '../../../support/cleanup.ts';
import { createBus } from '../../../support/relay.ts';
import { outboxMessage } from '../../outbox/outbox-messages.ts';
import { randomMessage } from '../../outbox/random-message.ts';
import { SeededRandom } from '../../session/simulation/seeded-random.ts';

/** What the SDK itself would put on the wire for a batch, by a method that its types do not show. */
type Encoded = ServiceBusMessageBatch & { _generateMessage(): Buffer };

const bytesOf = (batch: ServiceBusMessageBatch) => (batch as Encoded)._generateMessage();

const EDGES = [31, 32, 53].flatMap((bits) =>
  [-1, 0, 1].flatMap((step) => [2 ** bits + step, -(2 ** bits) + step]),
);
const NUMBERS = [0, 1, -1, 127, 128, -128, -129, 255, 256, 65_536, 0.1, -1.5e300].concat(EDGES);

for (const sessions of [false, true]) {
  test(`a batch is byte for byte what the SDK makes of it, ${sessions ? 'with' : 'without'} sessions`, async (t) => {
    const client = new ServiceBusClient((await createBus(t)).connectionString);
    cleanup(t, () => client.close());
    const sender = client.createSender('orders');
    const encoder = new MessageEncoder();
    for (let seed = 0; seed <= 400; seed++) {
      const random = new SeededRandom(seed);
      const messages =
        seed === 0
          ? [
              outboxMessage('id', 'order-1', {
                metadata: JSON.stringify(Object.fromEntries(NUMBERS.entries())),
              }),
            ]
          : Array.from({ length: 1 + random.below(20) }, () => randomMessage(random, sessions));
      const outgoing: OutgoingMessage[] = messages.map((message) => toServiceBusMessage(message, sessions));

      const theirs = await sender.createMessageBatch();
      for (const message of outgoing) assert.ok(theirs.tryAddMessage(message), `seed ${seed}: not full`);
      const ours = new EncodedBatch(outgoing.map((message) => encoder.encode(message, 'orders')));

      assert.equal(ours.count, theirs.count);
      assert.ok(bytesOf(ours).equals(bytesOf(theirs)), `seed ${seed}`);
    }
  });
}
