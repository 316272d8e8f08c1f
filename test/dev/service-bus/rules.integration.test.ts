import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { RuleProperties, ServiceBusClient, ServiceBusMessage } from '@azure/service-bus';
import { connect, failure, failureCode, openBroker } from './support.ts';

// What the SDK's own tests expect of the service:
// https://github.com/Azure/azure-sdk-for-js/blob/main/sdk/servicebus/service-bus/test/public/ruleManager.spec.ts
// and https://learn.microsoft.com/azure/service-bus-messaging/topic-filters

const correlation = {
  correlationId: 'correlationId',
  subject: 'label',
  messageId: 'messageId',
  replyTo: 'replyTo',
  replyToSessionId: 'replyToSessionId',
  sessionId: 'sessionId',
  to: 'to',
  contentType: 'contentType',
  applicationProperties: { key1: 'value1', key2: 2, key3: true, key4: new Date('2000-01-01T00:00:00Z') },
};

test('rules that are added are listed by their names, as they were given', async (t) => {
  const { rules } = await openSubscription(t);

  await rules.createRule('sql', { sqlExpression: 'price > 10' });
  await rules.createRule('correlation', correlation, { sqlExpression: "Set CorrelationId = 'newValue'" });

  const listed: RuleProperties[] = [];
  for await (const rule of rules.listRules()) listed.push(rule);
  assert.deepEqual(listed, [
    { name: '$Default', filter: { sqlExpression: '1=1' }, action: {} },
    { name: 'correlation', filter: correlation, action: { sqlExpression: "Set CorrelationId = 'newValue'" } },
    { name: 'sql', filter: { sqlExpression: 'price > 10' }, action: {} },
  ]);
});

test('rules are listed by page', async (t) => {
  const { rules } = await openSubscription(t);
  await rules.createRule('a', { sqlExpression: '1=0' });

  const pages: string[][] = [];
  for await (const page of rules.listRules().byPage({ maxPageSize: 1 })) {
    pages.push(page.map((rule) => rule.name));
  }

  assert.deepEqual(pages, [['$Default'], ['a']]);
});

test('a rule whose name is taken, a wrong one, and one that is not there are refused', async (t) => {
  const { rules } = await openSubscription(t);
  await rules.createRule('taken', { subject: 'yellow' });

  const taken = await failure(rules.createRule('taken', { subject: 'red' }));
  const wrong = await failure(rules.createRule('wrong', { sqlExpression: 'price >' }));
  const wrongAction = await failure(
    rules.createRule('wrong', { sqlExpression: '1=1' }, { sqlExpression: 'DROP price' }),
  );
  const tooMany = await failure(
    rules.createRule('wrong', { sqlExpression: '1=1' }, { sqlExpression: 'SET a = 1;'.repeat(33) }),
  );
  const tooLong = await failure(rules.createRule('x'.repeat(51), { sqlExpression: '1=1' }));

  assert.equal(taken.code, 'MessagingEntityAlreadyExists');
  assert.match(
    taken.message,
    /The messaging entity 'sb:\/\/localhost\/t\/Subscriptions\/s\/Rules\/taken' already/,
  );
  assert.match(wrong.message, /ArgumentError: The end stands where a property is expected/);
  assert.match(wrongAction.message, /ArgumentError: An action is made of SET and REMOVE/);
  assert.match(tooMany.message, /An action has at most 32 statements/);
  assert.match(tooLong.message, /1 to 50 characters/);
  assert.equal(await failureCode(rules.deleteRule('none')), 'MessagingEntityNotFound');
});

test('a subscription gets what its rules take, from the moment in which they are changed', async (t) => {
  const { client, rules } = await openSubscription(t);

  await send(client, { messageId: 'before' });
  await rules.deleteRule('$Default');
  await send(client, { messageId: 'none' });
  await rules.createRule('blue', { sqlExpression: "Color = 'blue' AND sys.Label LIKE 'Order%'" });
  await rules.createRule('large', { sqlExpression: 'quantity >= 10' });
  await send(client, {
    messageId: 'blue',
    subject: 'OrderCreated',
    applicationProperties: { color: 'blue' },
  });
  await send(client, { messageId: 'red', subject: 'OrderCreated', applicationProperties: { color: 'red' } });
  await send(client, {
    messageId: 'both',
    subject: 'OrderCreated',
    applicationProperties: { color: 'blue', quantity: 10 },
  });

  const received = await receive(client);
  assert.deepEqual(
    received.map(({ messageId }) => messageId),
    ['before', 'blue', 'both'],
  );
});

test('a rule with an action makes a copy of its own, and leaves the others as they are', async (t) => {
  const { client, rules } = await openSubscription(t);
  await rules.createRule(
    'urgent',
    { sqlExpression: 'quantity > 1' },
    {
      sqlExpression:
        "SET Priority = 'high'; SET quantity = quantity / 2 REMOVE note; SET sys.Label = 'Urgent'",
    },
  );

  await send(client, {
    messageId: 'm1',
    body: { a: 1 },
    subject: 'OrderCreated',
    correlationId: 'c1',
    applicationProperties: { priority: 'low', quantity: 5, note: 'x', at: new Date(0) },
  });

  const [plain, changed] = await receive(client);
  // The SDK hands times out as numbers.
  assert.deepEqual(plain?.applicationProperties, { priority: 'low', quantity: 5, note: 'x', at: 0 });
  assert.equal(plain?.subject, 'OrderCreated');
  assert.deepEqual(changed?.applicationProperties, {
    priority: 'high',
    quantity: 2,
    at: 0,
    RuleName: 'urgent',
  });
  assert.deepEqual(
    [changed?.messageId, changed?.subject, changed?.correlationId, changed?.body],
    ['m1', 'Urgent', 'c1', { a: 1 }],
  );
});

test('a message that a filter cannot be evaluated for goes to the dead letters of that subscription', async (t) => {
  const { client, rules } = await openSubscription(t);
  await rules.createRule('typed', { sqlExpression: 'total > 10' });

  await send(client, { messageId: 'm1', applicationProperties: { total: 'many' } });

  const dead = client.createReceiver('t', 's', {
    subQueueType: 'deadLetter',
    receiveMode: 'receiveAndDelete',
  });
  const [message] = await dead.receiveMessages(1, { maxWaitTimeInMs: 5_000 });
  assert.deepEqual(
    [message?.messageId, message?.deadLetterReason, message?.deadLetterErrorDescription],
    ['m1', 'FilterEvaluationException', 'String > Int64 cannot be evaluated'],
  );
  assert.deepEqual(await receive(client), []);
});

async function openSubscription(t: TestContext) {
  const bus = await openBroker(t, { topics: [{ name: 't', subscriptions: [{ name: 's' }] }] });
  const client = connect(t, bus.connectionString);
  return { client, rules: client.createRuleManager('t', 's') };
}

async function send(client: ServiceBusClient, message: Partial<ServiceBusMessage>): Promise<void> {
  await client.createSender('t').sendMessages({ body: 'x', ...message });
}

/** Everything that is there. */
async function receive(client: ServiceBusClient) {
  const receiver = client.createReceiver('t', 's', { receiveMode: 'receiveAndDelete' });
  return receiver.receiveMessages(10, { maxWaitTimeInMs: 300 });
}
