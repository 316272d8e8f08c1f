import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ServiceBusClient } from '@azure/service-bus';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { connect, failure, failureCode, openBroker } from './support.ts';

// "A link where the client takes on the sender role requires the Send right; taking on the receiver role requires the
// Listen right": https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide
// "The rule manager requires only Listen claims": ServiceBusRuleManager in the SDK.

test('a policy that may only send does nothing else', async (t) => {
  const client = await openAs(t, 'sender');
  const sender = client.createSender('q');
  const inAnHour = new Date(Date.now() + 3_600_000);

  await sender.sendMessages({ body: 'x' });
  await sender.scheduleMessages({ body: 'x' }, inAnHour);
  const error = await failure(client.createReceiver('q').receiveMessages(1));

  assert.equal(error.code, 'UnauthorizedAccess');
  assert.match(
    error.message,
    /'Listen' claim\(s\) are required to perform this operation\. Resource: 'sb:\/\/localhost\/q'/,
  );
  assert.equal(await failureCode(client.createReceiver('q').peekMessages(1)), 'UnauthorizedAccess');
  assert.equal(await failureCode(rulesOf(client).deleteRule('$Default')), 'UnauthorizedAccess');
});

test('a policy that may only listen does nothing else', async (t) => {
  const client = await openAs(t, 'listener');
  const sender = client.createSender('q');

  await client.createReceiver('q').receiveMessages(1, { maxWaitTimeInMs: 50 });
  await client.createReceiver('q').peekMessages(1);
  await rulesOf(client).createRule('all', { sqlExpression: '1=1' });
  const error = await failure(sender.sendMessages({ body: 'x' }));
  const scheduled = failureCode(sender.scheduleMessages({ body: 'x' }, new Date(Date.now() + 3_600_000)));

  assert.equal(error.code, 'UnauthorizedAccess');
  assert.match(error.message, /'Send' claim\(s\) are required/);
  assert.equal(await scheduled, 'UnauthorizedAccess');
});

test('a policy of an entity is good for that entity and what belongs to it', async (t) => {
  const client = await openAs(t, 'of-topic');

  await client.createSender('t').sendMessages({ messageId: 'm1', body: 'x' });
  const [message] = await client.createReceiver('t', 's').receiveMessages(1, { maxWaitTimeInMs: 5_000 });
  const error = await failure(client.createSender('q').sendMessages({ body: 'x' }));

  assert.equal(message?.messageId, 'm1');
  assert.equal(error.code, 'UnauthorizedAccess');
  assert.match(error.message, /InvalidSignature/);
});

test('the key of a policy is not good for another one', async (t) => {
  const client = await openAs(t, 'sender', 'SAS_KEY_VALUE');

  assert.equal(await failureCode(client.createSender('q').sendMessages({ body: 'x' })), 'UnauthorizedAccess');
});

/** A client that signs with the key of a policy, or with another key. */
async function openAs(t: TestContext, policy: string, key = `key of ${policy}`): Promise<ServiceBusClient> {
  const bus: LocalServiceBus = await openBroker(t, {
    policies: [
      { name: 'sender', key: 'key of sender', rights: ['Send'] },
      { name: 'listener', key: 'key of listener', rights: ['Listen'] },
    ],
    queues: [{ name: 'q' }],
    topics: [
      {
        name: 't',
        policies: [{ name: 'of-topic', key: 'key of of-topic', rights: ['Send', 'Listen'] }],
        subscriptions: [{ name: 's' }],
      },
    ],
  });
  const connectionString = bus.connectionString
    .replace('RootManageSharedAccessKey', policy)
    .replace('SAS_KEY_VALUE', key);
  return connect(t, connectionString);
}

function rulesOf(client: ServiceBusClient) {
  return client.createRuleManager('t', 's');
}
