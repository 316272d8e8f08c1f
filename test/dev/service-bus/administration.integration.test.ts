import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ServiceBusAdministrationClient } from '@azure/service-bus';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { administrationClient } from '../../../relay/publishing/service-bus/administration-client.ts';
import { sasToken } from './sas-token.ts';
import { connect, openBroker } from './support.ts';

// The SDK's own administration client, as far as it reads. https://learn.microsoft.com/rest/api/servicebus/entities

const NAMESPACE = {
  queues: [
    {
      name: 'q',
      requiresSession: true,
      lockDurationMs: 30_000,
      policies: [policy('of-q', ['Manage', 'Send', 'Listen'])],
    },
  ],
  topics: [
    {
      name: 't',
      duplicateWindowMs: 300_000,
      partitioned: true,
      subscriptions: [{ name: 'a&b' }, { name: 'sessions', requiresSession: true }],
    },
    { name: 'off', disabled: true },
  ],
  policies: [policy('sender', ['Send'])],
};

test('a queue and a topic are as they were configured', async (t) => {
  const { client } = await open(t);

  const queue = await client.getQueue('Q');
  const topic = await client.getTopic('t');

  assert.deepEqual(
    [
      queue.name,
      queue.requiresSession,
      queue.lockDuration,
      queue.requiresDuplicateDetection,
      queue.maxSizeInMegabytes,
    ],
    ['q', true, 'PT30S', false, 1024],
  );
  assert.deepEqual(
    [
      topic.name,
      topic.requiresDuplicateDetection,
      topic.duplicateDetectionHistoryTimeWindow,
      topic.enablePartitioning,
    ],
    ['t', true, 'PT300S', true],
  );
  assert.deepEqual([topic.status, (await client.getTopic('off')).status], ['Active', 'Disabled']);
});

test('subscriptions are listed, page by page, and found by name', async (t) => {
  const { client } = await open(t);

  const pages = await Array.fromAsync(client.listSubscriptions('t').byPage({ maxPageSize: 1 }));
  const { requiresSession } = await client.getSubscription('t', 'sessions');

  assert.deepEqual(
    pages.map(({ length }) => length),
    [1, 1],
  );
  const names = (await Array.fromAsync(client.listSubscriptions('t'))).map(
    ({ subscriptionName }) => subscriptionName,
  );
  assert.deepEqual(names, ['a&b', 'sessions']);
  assert.equal(requiresSession, true);
});

test('entities are listed', async (t) => {
  const { client } = await open(t);

  assert.deepEqual(
    (await Array.fromAsync(client.listQueues())).map(({ name }) => name),
    ['q'],
  );
  assert.deepEqual(
    (await Array.fromAsync(client.listTopics())).map(({ name }) => name),
    ['t', 'off'],
  );
});

test('what waits and what is dead-lettered is counted', async (t) => {
  const { bus, client } = await open(t);
  const messages = connect(t, bus.connectionString);
  await messages.createSender('t').sendMessages([{ messageId: 'm1', body: 'x' }]);
  const receiver = messages.createReceiver('t', 'a&b');
  const [message] = await receiver.receiveMessages(1);
  assert.ok(message);

  const before = await client.getSubscriptionRuntimeProperties('t', 'a&b');
  await receiver.deadLetterMessage(message);
  const after = await client.getSubscriptionRuntimeProperties('t', 'a&b');

  assert.deepEqual([before.activeMessageCount, before.deadLetterMessageCount], [1, 0]);
  assert.deepEqual(
    [after.activeMessageCount, after.deadLetterMessageCount, after.totalMessageCount],
    [0, 1, 1],
  );
  assert.equal((await client.getTopicRuntimeProperties('t')).subscriptionCount, 2);
  assert.equal((await client.getQueueRuntimeProperties('q')).totalMessageCount, 0);
});

test('what is not there is told as the service does', async (t) => {
  const { client } = await open(t);
  const notFound = { code: 'MessageEntityNotFoundError' };

  await assert.rejects(client.getQueue('nowhere'), notFound);
  await assert.rejects(client.getTopic('nowhere'), notFound);
  await assert.rejects(client.getSubscription('t', 'nowhere'), notFound);
});

test('it takes the right to manage, of the namespace or of the entity', async (t) => {
  const { bus } = await open(t);
  const unauthorized = { code: 'UnauthorizedRequestError', statusCode: 401 };
  const as = (name: string, key: string) => {
    const connectionString = bus.connectionString
      .replace('RootManageSharedAccessKey', name)
      .replace('SAS_KEY_VALUE', key);
    return administrationClient({ connectionString, entity: 'q', sessions: false }, bus.healthPort);
  };

  await assert.rejects((await as('sender', 'K')).getQueue('q'), {
    ...unauthorized,
    message: /^Manage,EntityRead claims/,
  });
  await assert.rejects((await as('RootManageSharedAccessKey', 'other')).getQueue('q'), unauthorized);
  await assert.rejects((await as('of-q', 'K')).getTopic('t'), unauthorized);
  assert.equal((await (await as('of-q', 'K')).getQueue('q')).name, 'q');
});

test('a token that is missing, of another address or expired is refused', async (t) => {
  const { bus } = await open(t);
  const address = `http://localhost:${bus.healthPort}/q?api-version=2021-05`;
  const status = async (authorization?: string) => {
    const answer = await fetch(address, { headers: authorization === undefined ? {} : { authorization } });
    await answer.body?.cancel();
    return answer.status;
  };

  assert.equal(await status(), 401);
  assert.equal(await status(sasToken({ resource: 'http://localhost:1/q' })), 401);
  assert.equal(await status(sasToken({ resource: address, expiresAt: Date.now() - 1_000 })), 401);
  assert.equal(await status(sasToken({ resource: address })), 200);
});

test('nothing can be made, changed or deleted', async (t) => {
  const { client } = await open(t);

  await assert.rejects(client.createQueue('new'), { statusCode: 405 });
  await assert.rejects(client.deleteQueue('q'), { statusCode: 405 });
  assert.equal((await client.getQueue('q')).name, 'q');
});

async function open(
  t: TestContext,
): Promise<{ bus: LocalServiceBus; client: ServiceBusAdministrationClient }> {
  const bus = await openBroker(t, NAMESPACE);
  const { connectionString, healthPort } = bus;
  const client = await administrationClient({ connectionString, entity: 'q', sessions: false }, healthPort);
  return { bus, client };
}

function policy(name: string, rights: ('Send' | 'Listen' | 'Manage')[]) {
  return { name, key: 'K', rights };
}
