import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceBusMessage } from '@azure/service-bus';
import { SeededRandom } from '../../../../relay/session/simulation/seeded-random.ts';
import type { WholeArrival } from '../../broker.ts';
import { CONSUMERS } from '../evidence.ts';
import { again } from '../saga-bus.ts';
import { oneOf, type SagaFault, type SagaStage } from './saga-stage.ts';

const STORM_BYTES = 100_000;
const AT_ONCE = 40;
const POISONED = 5;
const SHIPPED = 10;
const TAKEN = 5;

/** What cannot be handled, by the topic: a body that is not what its type says, no JSON, an order that is not there. */
const POISON: Readonly<Record<string, readonly Poison[]>> = {
  orders: [{ type: 'OrderCreated', body: '{"orderId": "x"}' }],
  inventory: [
    { type: 'InventoryReleased', body: '{"orderId": 1}' },
    { type: 'InventoryReserved', body: 'no JSON' },
    { type: 'InventoryReleased', body: '{"orderId": "not-there", "reason": "nobody has ordered it"}' },
  ],
  payments: [{ type: 'PaymentProcessed', body: '[]' }],
  shipping: [{ type: 'ShipmentCreated', body: '{}' }],
};

interface Poison {
  readonly type: string;
  readonly body: string;
}

const messages = { victim: () => 'messages', excusesRepeats: true, durationMs: [0, 0] } as const;

export const messageFaults = {
  storm: {
    ...messages,
    label: 'storm of repeats, some in reverse order',
    weight: 5,
    async run(stage, { dice }) {
      const arrivals = stage.rig.broker.someArrivals(dice, STORM_BYTES);
      await send(stage, (dice * 97) % 1 < 0.5 ? arrivals : arrivals.reverse());
      return { bit: arrivals.length > 0 };
    },
  },
  // Each several times at once, as it has only just come.
  repeatAtOnce: {
    ...messages,
    label: 'repeats of what has just come',
    weight: 3,
    async run(stage) {
      const arrivals = stage.rig.broker.someArrivals(1, STORM_BYTES / 10);
      await send(
        stage,
        arrivals.flatMap((arrival) => [arrival, arrival, arrival, arrival]),
      );
      return { bit: arrivals.length > 0 };
    },
  },
  // A message that is dead-lettered right beside others that are completed, in their session.
  poison: {
    ...messages,
    label: 'messages that nobody can handle',
    weight: 4,
    async run(stage, { dice }) {
      const random = new SeededRandom(Math.floor(dice * 1_000_000));
      const arrivals = stage.rig.broker.someArrivals(random.next(), STORM_BYTES);
      for (let n = 0; n < POISONED && arrivals.length > 0; n++) {
        const neighbour = random.pick(arrivals);
        const { entity } = neighbour;
        const poison = () => plant(stage, neighbour, random.pick(POISON[entity] ?? []));
        const between = again(neighbour);
        await stage.rig.bus.send(entity, [between, between, poison(), between, poison(), between]);
      }
      return { bit: arrivals.length > 0 };
    },
  },
  unknownTypes: {
    ...messages,
    label: 'events that are nobody’s',
    weight: 1,
    async run({ rig }, { dice }) {
      const { topic } = oneOf(CONSUMERS, dice);
      const sessionId = randomUUID();
      await rig.bus.send(topic, [
        { messageId: randomUUID(), subject: 'WeatherChanged', sessionId, body: { is: 'fine' } },
      ]);
      return { bit: true };
    },
  },
  // They come when they come, and contradict what else happens to the order.
  shipments: {
    ...messages,
    label: 'orders shipped, some twice',
    weight: 4,
    async run({ rig }) {
      const { rows } = await rig.db.orders.query<{ id: string }>(
        'SELECT order_id AS id FROM orders ORDER BY created_at DESC LIMIT $1',
        [SHIPPED],
      );
      const shipments = rows.flatMap(({ id }, n) => Array.from({ length: 1 + (n % 2) }, () => shipment(id)));
      for (let n = 0; n < shipments.length; n += AT_ONCE)
        await rig.bus.send('shipping', shipments.slice(n, n + AT_ONCE));
      return { bit: rows.length > 0 };
    },
  },
  takenAway: {
    ...messages,
    label: 'messages taken and given back, some too late',
    weight: 3,
    durationMs: [0, 7_000],
    victim: () => 'taken messages',
    async run({ rig }, { dice, durationMs }) {
      const away = await rig.bus.take(oneOf(CONSUMERS, dice), rig.sessions, TAKEN).catch(() => undefined);
      if (!away) return { bit: false }; // no session is free, or the broker is away on purpose
      await sleep(durationMs);
      await away.giveBack();
      return { bit: away.taken > 0 };
    },
  },
} satisfies Record<string, SagaFault>;

/** Topic by topic, each in this order. */
async function send({ rig }: SagaStage, arrivals: readonly WholeArrival[]): Promise<void> {
  for (const [entity, ofOne] of Map.groupBy(arrivals, (arrival) => arrival.entity)) {
    for (let n = 0; n < ofOne.length; n += AT_ONCE)
      await rig.bus.send(entity, ofOne.slice(n, n + AT_ONCE).map(again));
  }
}

/** Knows where it will end before it is sent. */
function plant({ planted }: SagaStage, neighbour: WholeArrival, { type, body }: Poison): ServiceBusMessage {
  const messageId = `poison-${randomUUID()}`;
  const { entity, sessionId, properties } = neighbour;
  for (const { name, topic, types } of CONSUMERS) {
    if (topic === entity && types.includes(type))
      planted.push({ consumer: name, messageId, reason: undefined });
  }
  return {
    messageId,
    subject: type,
    body: Buffer.from(body),
    applicationProperties: { aggregateId: properties['aggregateId'] ?? '' },
    ...(sessionId !== undefined && { sessionId }),
  };
}

function shipment(orderId: string): ServiceBusMessage {
  return {
    messageId: randomUUID(),
    subject: 'ShipmentCreated',
    sessionId: orderId,
    contentType: 'application/json',
    applicationProperties: { aggregateId: orderId },
    body: Buffer.from(JSON.stringify({ orderId, shipmentId: randomUUID() })),
  };
}
