import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ServiceBusClient } from '@azure/service-bus';
import type { NamespaceOptions } from '../../dev/service-bus/namespace-config.ts';
import { type LocalServiceBus, openServiceBus } from '../../dev/service-bus/service-bus.ts';
import { cleanup } from '../support/cleanup.ts';
import { createDatabase } from '../support/database.ts';
import { assertFound, type Examined, type Expected, examined } from './support.ts';

// What is wrong with where the inbox receives, for real.

const INVENTORY = { name: 'inventory', subscriptions: [{ name: 'order-service' }] };
const REFUNDS = { name: 'refunds' };
const NAMESPACE: NamespaceOptions = { topics: [INVENTORY], queues: [REFUNDS] };
const OF = 'Service Bus, for the inbox';

test('consumers as they should be', async (t) => {
  const found = await look(await open(t, NAMESPACE));

  assert.deepEqual(
    found.named('right').filter((name) => name.startsWith(OF)),
    [`${OF}: receiving`, `${OF}: received from`, `${OF}: left over`],
  );
});

test('with the right to listen alone, as the inbox has it, nothing is wrong', async (t) => {
  const bus = await open(t, { ...NAMESPACE, policies: [{ name: 'ear', key: 'K', rights: ['Listen'] }] });

  const found = await look(withKey(bus, 'ear', 'K'));

  assert.equal(found.finding(OF, 'receiving').verdict, 'right');
  assertFound(found, {
    of: OF,
    check: 'received from',
    verdict: 'cannot tell',
    reason: /no right to manage/,
  });
});

const CASES: Readonly<
  Record<
    string,
    Omit<Expected, 'of'> & { namespace: NamespaceOptions; env?: Record<string, string>; command?: RegExp }
  >
> = {
  'a subscription that is not there': {
    namespace: { ...NAMESPACE, topics: [{ ...INVENTORY, subscriptions: [{ name: 'another' }] }] },
    check: 'receiving',
    verdict: 'wrong',
    reason: /^inventory\/order-service: .*correct INBOX_SUBSCRIPTIONS/,
  },
  'a topic that is not there': {
    namespace: { queues: [REFUNDS] },
    check: 'received from',
    verdict: 'wrong',
    reason: /there is no inventory\/order-service/,
  },
  'a queue that is switched off': {
    namespace: { ...NAMESPACE, queues: [{ ...REFUNDS, disabled: true }] },
    check: 'received from',
    verdict: 'wrong',
    reason: /refunds is Disabled/,
  },
  'sessions that nobody requires': {
    namespace: NAMESPACE,
    env: { INBOX_SESSIONS: 'true' },
    check: 'received from',
    verdict: 'wrong',
    reason: /the other way/,
    command: /INBOX_SESSIONS=false/,
  },
  'one of two that requires sessions': {
    namespace: { ...NAMESPACE, queues: [{ ...REFUNDS, requiresSession: true }] },
    check: 'received from',
    verdict: 'wrong',
    reason: /^refunds requires sessions, others do not/,
  },
};

for (const [name, { namespace, env, command, ...expected }] of Object.entries(CASES)) {
  test(`it names ${name}`, async (t) => {
    const found = await look(await open(t, namespace), env);

    const finding = assertFound(found, { of: OF, ...expected });
    if (command) assert.match(finding.command ?? '', command);
  });
}

test('it names a key that may only send, and what nobody has taken from the dead letters', async (t) => {
  const bus = await open(t, { ...NAMESPACE, policies: [{ name: 'mouth', key: 'K', rights: ['Send'] }] });
  const client = new ServiceBusClient(bus.connectionString);
  cleanup(t, () => client.close());
  await client.createSender('refunds').sendMessages({ messageId: 'm1', body: {} });
  const receiver = client.createReceiver('refunds');
  const [message] = await receiver.receiveMessages(1);
  assert.ok(message);
  await receiver.deadLetterMessage(message);

  const sending = await look(withKey(bus, 'mouth', 'K'));
  const all = await look(bus);

  assertFound(sending, { of: OF, check: 'receiving', verdict: 'wrong', reason: /needs Listen/ });
  assertFound(all, { of: OF, check: 'left over', verdict: 'risky', reason: /1 of refunds/ });
});

test('it looks at schema and grants, and names messages that wait', async (t) => {
  const [{ url, pool }, bus] = await Promise.all([createDatabase(t), open(t, NAMESPACE)]);
  await pool.query(`INSERT INTO inbox (consumer, message_id, message_type) VALUES ('refunds', 'm1', 'T')`);

  const found = await look(bus, { DATABASE_URL: url });

  assertFound(found, { of: 'for the inbox', check: 'schema', verdict: 'right', reason: /every migration/ });
  assertFound(found, { of: 'for the inbox', check: 'grants', verdict: 'right', reason: /the grants/ });
  assertFound(found, { of: 'for the inbox', check: 'waiting', verdict: 'risky', reason: /1 of refunds/ });
  await pool.query('DROP TABLE inbox');
  const without = await look(bus, { DATABASE_URL: url });
  assertFound(without, {
    of: 'for the inbox',
    check: 'waiting',
    verdict: 'cannot tell',
    reason: /does not exist/,
  });
});

test('where no inbox is configured, nothing is said of one', async () => {
  const found = await examined({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' });

  assert.deepEqual(
    found.findings.filter(({ group, check }) => `${group} ${check}`.includes('inbox')),
    [],
  );
});

async function open(t: TestContext, namespace: NamespaceOptions): Promise<LocalServiceBus> {
  const bus = await openServiceBus({ port: 0, namespace });
  cleanup(t, () => bus.close());
  return bus;
}

function withKey(bus: LocalServiceBus, policy: string, key: string): LocalServiceBus {
  const connectionString = bus.connectionString
    .replace('RootManageSharedAccessKey', policy)
    .replace('SAS_KEY_VALUE', key);
  return { ...bus, connectionString };
}

function look(bus: LocalServiceBus, env: Record<string, string> = {}): Promise<Examined> {
  const all = {
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    INBOX_SUBSCRIPTIONS: 'inventory/order-service,refunds',
    SERVICEBUS_CONNECTION_STRING: bus.connectionString,
    ...env,
  };
  return examined(all, { halves: ['inbox'], emulatorPort: bus.healthPort });
}
