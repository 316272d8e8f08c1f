import { ServiceBusClient, type ServiceBusMessageBatch } from '@azure/service-bus';
import { openServiceBus } from '../dev/service-bus/service-bus.ts';
import type { CloudEvents } from '../relay/publishing/service-bus/cloud-events.ts';
import { EncodedBatch } from '../relay/publishing/service-bus/encoded-batch.ts';
import { MessageEncoder } from '../relay/publishing/service-bus/encoded-message.ts';
import { toServiceBusMessage } from '../relay/publishing/service-bus/service-bus-message.ts';
import { quantile } from './support/statistics.ts';

// What it costs to encode a batch: the figures of docs/decisions/encoding.md, the SDK and the relay in turns.

const BATCHES = 400;
const BATCH = 200;
const ROUNDS = Number(process.argv[2] ?? 5);
const SCHEMA_URL = 'https://orders.example.com/schemas';
const BODY = Buffer.from(JSON.stringify({ text: 'x'.repeat(640) }));

const bus = await openServiceBus({
  port: 0,
  healthPort: 0,
  namespace: { topics: [{ name: 'orders', subscriptions: [{ name: 'all' }] }] },
});
const client = new ServiceBusClient(bus.connectionString);
const sender = client.createSender('orders');
await sender.createMessageBatch(); // opens the link

const encoder = new MessageEncoder();
const ways = {
  SDK: async () => {
    const batch = (await sender.createMessageBatch()) as ServiceBusMessageBatch & {
      _generateMessage(): Buffer;
    };
    for (let n = 0; n < BATCH; n++) batch.tryAddMessage(message(n));
    return batch._generateMessage().length;
  },
  relay: () => encodedBatch(),
  'relay, CloudEvents': () => encodedBatch({ source: 'urn:service:OrderService', schemaUrl: SCHEMA_URL }),
};
const results = new Map<string, number[]>(Object.keys(ways).map((way) => [way, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [way, encode] of Object.entries(ways)) {
    const before = process.cpuUsage();
    for (let n = 0; n < BATCHES; n++) await encode();
    const { user, system } = process.cpuUsage(before);
    if (round > 0) results.get(way)?.push((user + system) / BATCHES / BATCH); // the first warms up
  }
}
await client.close();
await bus.close();
console.table(
  [...results].map(([way, cpuUs]) => ({
    way,
    'CPU us/message': quantile(cpuUs, 0.5).toFixed(2),
    min: Math.min(...cpuUs).toFixed(2),
    max: Math.max(...cpuUs).toFixed(2),
  })),
);

function encodedBatch(cloudEvents?: CloudEvents): number {
  const messages = Array.from({ length: BATCH }, (_, n) => encoder.encode(message(n, cloudEvents), 'orders'));
  return new EncodedBatch(messages).sizeInBytes;
}

/** As the relay makes it of a row that the api wrote with tracing on. */
function message(n: number, cloudEvents?: CloudEvents) {
  const id = n.toString(16).padStart(32, '0');
  const uuid = `${id.slice(0, 8)}-0000-7000-8000-${id.slice(20)}`;
  return toServiceBusMessage(
    {
      messageId: uuid,
      messageType: 'OrderCreated',
      body: BODY,
      aggregateId: id,
      aggregateVersion: '1',
      correlationId: uuid,
      causationId: uuid,
      userId: undefined,
      metadata: undefined,
      traceparent: `00-${id}-${id.slice(16)}-01`,
      tracestate: undefined,
      destination: undefined,
    },
    false,
    cloudEvents,
  );
}
