import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ServiceBusClient } from '@azure/service-bus';
import type { NamespaceOptions } from '../../dev/service-bus/namespace-config.ts';
import { type LocalServiceBus, openServiceBus } from '../../dev/service-bus/service-bus.ts';
import { cleanup } from '../support/cleanup.ts';
import { assertFound, brokerEnvironment, type Examined, type Expected, examined } from './support.ts';

// What is wrong with the entity, for real. The database is away here: the doctor looks at the broker all the same.

const HOUR_MS = 3_600_000;
const TOPIC = { name: 'orders', duplicateWindowMs: HOUR_MS, subscriptions: [{ name: 'all' }] };

test('an entity as it should be', async (t) => {
  const found = await look(await open(t, { topics: [TOPIC] }));

  assert.deepEqual(ofBroker(found, 'right'), [
    'sending',
    'status',
    'subscriptions',
    'sessions',
    'duplicate detection',
    'partitioning',
    'size',
    'dead letters',
    'clock',
  ]);
});

const CASES: Readonly<
  Record<string, Omit<Expected, 'of'> & { namespace: NamespaceOptions; sessions?: true; command?: RegExp }>
> = {
  'an entity that is not there': {
    namespace: { topics: [{ ...TOPIC, name: 'other' }] },
    check: 'sending',
    verdict: 'wrong',
    reason: /create the topic or queue, or correct SERVICEBUS_ENTITY/,
  },
  'an entity that is switched off': {
    namespace: { topics: [{ ...TOPIC, disabled: true }] },
    check: 'status',
    verdict: 'wrong',
    reason: /orders is Disabled/,
    command: /az servicebus topic update .* --name orders --status Active/,
  },
  'a topic without a subscription': {
    namespace: { topics: [{ ...TOPIC, subscriptions: [] }] },
    check: 'subscriptions',
    verdict: 'wrong',
    reason: /forgets what it is sent/,
    command: /az servicebus topic subscription create/,
  },
  'a subscription that requires sessions where they are off': {
    namespace: {
      topics: [{ ...TOPIC, subscriptions: [{ name: 'all' }, { name: 'each', requiresSession: true }] }],
    },
    check: 'sessions',
    verdict: 'wrong',
    reason: /^each requires sessions .*dead-lettered/,
    command: /SERVICEBUS_SESSIONS=true/,
  },
  'a queue that requires sessions where they are off': {
    namespace: { queues: [{ name: 'orders', duplicateWindowMs: HOUR_MS, requiresSession: true }] },
    check: 'sessions',
    verdict: 'wrong',
    reason: /^orders requires sessions .*refused/,
  },
  'a subscription without sessions where they are on': {
    namespace: {
      topics: [{ ...TOPIC, subscriptions: [{ name: 'all', requiresSession: true }, { name: 'any' }] }],
    },
    sessions: true,
    check: 'sessions',
    verdict: 'risky',
    reason: /^any does not require sessions/,
  },
  'no duplicate detection': {
    namespace: { topics: [{ ...TOPIC, duplicateWindowMs: 0 }] },
    check: 'duplicate detection',
    verdict: 'risky',
    reason: /cannot be switched on later/,
    command: /--enable-duplicate-detection true/,
  },
  'a window that is shorter than the longest outage': {
    namespace: { topics: [{ ...TOPIC, duplicateWindowMs: 300_000 }] },
    check: 'duplicate detection',
    verdict: 'risky',
    reason: /its window is 5 min, .* outage of 60/,
    command: /--duplicate-detection-history-time-window PT60M/,
  },
  'a partitioned entity': {
    namespace: { topics: [{ ...TOPIC, partitioned: true }] },
    check: 'partitioning',
    verdict: 'risky',
    reason: /is partitioned/,
  },
};

for (const [name, { namespace, sessions, command, ...expected }] of Object.entries(CASES)) {
  test(`it names ${name}`, async (t) => {
    const bus = await open(t, namespace);

    const found = await look(bus, sessions ? { SERVICEBUS_SESSIONS: 'true' } : {});

    const finding = assertFound(found, { of: 'Service Bus', ...expected });
    if (command) assert.match(finding.command ?? '', command);
  });
}

test('it looks at the entity of each route, and names the one that is not there', async (t) => {
  const bus = await open(t, { topics: [TOPIC, { ...TOPIC, name: 'log', subscriptions: [] }] });

  const found = await look(bus, { SERVICEBUS_ROUTES: 'OrderPaid=log,Order*=nowhere' });

  assert.equal(found.finding('Service Bus', 'sending').verdict, 'right');
  assert.equal(found.finding('Service Bus: log', 'sending').verdict, 'right');
  assertFound(found, {
    of: 'Service Bus: log',
    check: 'subscriptions',
    verdict: 'wrong',
    reason: /forgets what it is sent/,
  });
  const { command } = assertFound(found, {
    of: 'Service Bus: nowhere',
    check: 'sending',
    verdict: 'wrong',
    reason: /nowhere.*create the topic or queue, or correct SERVICEBUS_ENTITY or SERVICEBUS_ROUTES/,
  });
  assert.match(command ?? '', /topic create .* --name nowhere/);
});

test('it names an entity that is nearly full, and what nobody takes', async (t) => {
  const bus = await open(t, {
    topics: [{ ...TOPIC, maxSizeBytes: 1024 * 1024, subscriptions: [{ name: 'all', maxDeliveryCount: 1 }] }],
  });
  const client = new ServiceBusClient(bus.connectionString);
  cleanup(t, () => client.close());
  const sender = client.createSender('orders');
  for (let n = 0; n < 5; n++) await sender.sendMessages({ messageId: `m${n}`, body: 'x'.repeat(200_000) });
  const receiver = client.createReceiver('orders', 'all');
  const [message] = await receiver.receiveMessages(1);
  assert.ok(message);
  await receiver.deadLetterMessage(message);

  const found = await look(bus);

  assertFound(found, {
    of: 'Service Bus',
    check: 'size',
    verdict: 'wrong',
    reason: /9\d % of 1 MB are taken/,
  });
  assertFound(found, { of: 'Service Bus', check: 'dead letters', verdict: 'risky', reason: /1 of all/ });
});

test('it names a broker that is away', async (t) => {
  const bus = await open(t, { topics: [TOPIC] });
  await bus.close();

  const found = await look(bus);

  assertFound(found, { of: 'Service Bus', check: 'sending', verdict: 'wrong', reason: /ECONNREFUSED/ });
  assert.equal(ofBroker(found, 'cannot tell').length, 8);
});

test('it names a wrong key', async (t) => {
  const bus = await open(t, { topics: [TOPIC] });
  const connectionString = bus.connectionString.replace('SAS_KEY_VALUE', 'ANOTHER');

  const found = await look({ ...bus, connectionString });

  assertFound(found, {
    of: 'Service Bus',
    check: 'sending',
    verdict: 'wrong',
    reason: /UnauthorizedAccess.*needs Send/,
  });
});

test('with the right to send alone, as the relay has it, nothing is wrong, and it says what it cannot tell', async (t) => {
  const bus = await open(t, { topics: [TOPIC], policies: [{ name: 'sender', key: 'K', rights: ['Send'] }] });
  const connectionString = bus.connectionString
    .replace('RootManageSharedAccessKey', 'sender')
    .replace('SAS_KEY_VALUE', 'K');

  const found = await look({ ...bus, connectionString });

  assert.equal(found.finding('Service Bus', 'sending').verdict, 'right');
  const reason = /has no right to manage, and the processes need none/;
  assertFound(found, { of: 'Service Bus', check: 'sessions', verdict: 'cannot tell', reason });
  assert.equal(ofBroker(found, 'cannot tell').length, 8);
});

test('it names a key that may only listen', async (t) => {
  const bus = await open(t, { topics: [TOPIC], policies: [{ name: 'ear', key: 'K', rights: ['Listen'] }] });
  const connectionString = bus.connectionString
    .replace('RootManageSharedAccessKey', 'ear')
    .replace('SAS_KEY_VALUE', 'K');

  const found = await look({ ...bus, connectionString });

  assertFound(found, { of: 'Service Bus', check: 'sending', verdict: 'wrong', reason: /'Send' claim/ });
});

async function open(t: TestContext, namespace: NamespaceOptions): Promise<LocalServiceBus> {
  const bus = await openServiceBus({ port: 0, namespace });
  cleanup(t, () => bus.close());
  return bus;
}

function look(bus: LocalServiceBus, env: Record<string, string> = {}): Promise<Examined> {
  const all = { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', ...brokerEnvironment(bus), ...env };
  return examined(all, { halves: ['relay'], emulatorPort: bus.healthPort });
}

function ofBroker({ findings }: Examined, verdict: string): string[] {
  return findings.flatMap((each) =>
    each.group === 'Service Bus' && each.verdict === verdict ? [each.check] : [],
  );
}
