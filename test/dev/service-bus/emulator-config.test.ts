import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseEmulatorConfig, readEmulatorConfig } from '../../../dev/service-bus/emulator-config.ts';

const projectFile = new URL('../../../dev/service-bus/Config.json', import.meta.url).pathname;

test("the project's entities are topics with repeats detected, the same with sessions, and a queue", () => {
  const { name, queues, topics } = readEmulatorConfig(projectFile);

  assert.equal(name, 'sbemulatorns');
  assert.deepEqual(
    queues.map((queue) => [queue.name, queue.requiresSession]),
    [['orders-queue', false]],
  );
  assert.deepEqual(
    topics.map(({ name: topic, duplicateWindowMs, subscriptions }) => ({
      topic,
      duplicateWindowMs,
      subscriptions: subscriptions.map((subscription) => [subscription.name, subscription.requiresSession]),
    })),
    [
      {
        topic: 'orders',
        duplicateWindowMs: 300_000,
        subscriptions: [
          ['all', false],
          ['inventory', false],
          ['shipping', false],
        ],
      },
      { topic: 'orders-sessions', duplicateWindowMs: 300_000, subscriptions: [['all', true]] },
      received(false)('inventory', 'payments'),
      received(false)('payments', 'inventory'),
      received(false)('shipping'),
      ...['inventory-sessions', 'payments-sessions', 'shipping-sessions'].map((topic) =>
        received(true)(topic),
      ),
    ],
  );
});

/** A topic that the order service receives from, and others. */
function received(sessions: boolean) {
  return (topic: string, ...others: string[]) => ({
    topic,
    duplicateWindowMs: 300_000,
    subscriptions: ['order-service', ...others].map((name) => [name, sessions]),
  });
}

test("the project's file stays within the limits of the official emulator", () => {
  // From the emulator's Config-schema.json: time to live 5 to 60 minutes, duplicate window 5 s to 5 minutes, locks
  // 1 to 5 minutes, 1 to 10 deliveries, and every topic has a subscription.
  const { queues, topics } = readEmulatorConfig(projectFile);
  const subscriptions = topics.flatMap((topic) => topic.subscriptions);
  const minuteMs = 60_000;

  for (const { defaultTimeToLiveMs } of [...queues, ...topics, ...subscriptions]) {
    assert.ok(defaultTimeToLiveMs >= 5 * minuteMs && defaultTimeToLiveMs <= 60 * minuteMs);
  }
  for (const { duplicateWindowMs } of [...queues, ...topics]) assert.ok(duplicateWindowMs <= 5 * minuteMs);
  for (const { lockDurationMs, maxDeliveryCount } of [...queues, ...subscriptions]) {
    assert.ok(lockDurationMs >= minuteMs && lockDurationMs <= 5 * minuteMs && maxDeliveryCount <= 10);
  }
  for (const topic of topics) assert.ok(topic.subscriptions.length >= 1);
  // Neither is a comment in it, which biome would refuse.
  assert.doesNotThrow(() => JSON.parse(readFileSync(projectFile, 'utf8')));
});

test('comments and trailing commas are allowed, and what is left out has the emulator\u2019s default', () => {
  const { queues } = parseEmulatorConfig(
    '// ours\n{"UserConfig": {"Namespaces": [{"Name": "sbemulatorns", "Queues": [{"Name": "q"},], /* none */}]}}',
    'Config.json',
  );

  const [queue] = queues;
  assert.deepEqual(
    [queue?.lockDurationMs, queue?.maxDeliveryCount, queue?.duplicateWindowMs],
    [60_000, 3, 0],
  );
});

test('rules have their names, filters and actions', () => {
  const { topics } = parse({
    Topics: [
      {
        Name: 't',
        Subscriptions: [
          {
            Name: 's',
            Rules: [
              { Name: 'all', Properties: { FilterType: 'Sql', SqlFilter: { SqlExpression: '1 = 1' } } },
              {
                Name: 'created',
                Properties: {
                  FilterType: 'Correlation',
                  CorrelationFilter: { Label: 'OrderCreated', Properties: { region: 'eu' } },
                },
              },
              {
                Name: 'large',
                Properties: {
                  FilterType: 'Sql',
                  SqlFilter: { SqlExpression: 'total > @least', Parameters: { least: 100 } },
                  Action: { SqlExpression: 'SET size = 1' },
                },
              },
            ],
          },
        ],
      },
    ],
  });

  const rules = topics[0]?.subscriptions[0]?.rules ?? [];
  assert.deepEqual(
    rules.map(({ name, action }) => [name, action?.expression]),
    [
      ['all', undefined],
      ['created', undefined],
      ['large', 'SET size = 1'],
    ],
  );
  assert.deepEqual(
    rules.slice(0, 2).map(({ filter }) => filter),
    [
      { kind: 'true' },
      { kind: 'correlation', fields: { subject: 'OrderCreated' }, properties: { region: 'eu' } },
    ],
  );
  assert.equal(rules[2]?.filter.kind, 'sql');
});

test('every wrong field is named at once', () => {
  const wrong = {
    AuthorizationRules: [{ KeyName: 'a', PrimaryKey: 'b', Rights: ['Read'] }],
    Queues: [
      {
        Name: '-q',
        AuthorizationRules: [{ KeyName: 'a', PrimaryKey: 'b', Rights: ['Manage'] }],
        Properties: { LockDuration: 'soon', MaxDeliveryCount: 0, RequiresSession: 'yes', ForwardTo: 'x' },
      },
      { Name: 'a', Propertys: {} },
    ],
    Topics: [
      {
        Name: 't',
        Properties: { DuplicateDetectionHistoryTimeWindow: 'P8D', RequiresDuplicateDetection: true },
        Subscriptions: [
          {
            Name: 's',
            Rules: [
              { Name: 'r', Properties: { FilterType: 'Sql', SqlFilter: { SqlExpression: 'a > ' } } },
              {
                Name: 'r',
                Properties: {
                  FilterType: 'Sql',
                  SqlFilter: { SqlExpression: 'a > 1' },
                  Action: { SqlExpression: 'DROP a' },
                },
              },
            ],
          },
        ],
      },
    ],
  };

  assert.throws(
    () => parse(wrong),
    (error: Error) => {
      for (const field of [
        'Queues[0].Name must be',
        'Queues[0].Properties.LockDuration must be',
        'Queues[0].Properties.MaxDeliveryCount must be',
        'Queues[0].Properties.RequiresSession must be',
        'Queues[0].Properties.ForwardTo is not supported',
        'Queues[1].Propertys is not known',
        'Topics[0].Properties.DuplicateDetectionHistoryTimeWindow must be',
        'Topics[0].Subscriptions[0].Rules[0].Properties.SqlFilter.SqlExpression is not supported: The end',
        'Topics[0].Subscriptions[0].Rules[1].Properties.Action.SqlExpression is not supported: An action',
        'AuthorizationRules[0].Rights must be a list of Send, Listen, Manage',
        'Queues[0].AuthorizationRules[0].Rights with Manage must have',
      ]) {
        assert.ok(
          error.message.includes(`UserConfig.Namespaces[0].${field}`),
          `${field} in ${error.message}`,
        );
      }
      return true;
    },
  );
});

test('a namespace, a queue and a topic may have policies of their own', () => {
  const rule = (KeyName: string, ...Rights: string[]) => [{ KeyName, PrimaryKey: 'key', Rights }];

  const { policies, queues, topics } = parse({
    AuthorizationRules: rule('all', 'Send', 'Listen', 'Manage'),
    Queues: [{ Name: 'q', AuthorizationRules: rule('sender', 'Send') }],
    Topics: [{ Name: 't', AuthorizationRules: rule('listener', 'Listen') }],
  });

  assert.deepEqual(
    [policies, queues[0]?.policies, topics[0]?.policies],
    [
      [{ name: 'all', key: 'key', rights: ['Send', 'Listen', 'Manage'] }],
      [{ name: 'sender', key: 'key', rights: ['Send'] }],
      [{ name: 'listener', key: 'key', rights: ['Listen'] }],
    ],
  );
});

test('a file that is no JSON is refused with the line', () => {
  assert.throws(
    () => parseEmulatorConfig('{\n"UserConfig": {,}\n}', 'Config.json'),
    /Config\.json .* line 2/,
  );
});

function parse(namespace: object) {
  const text = JSON.stringify({ UserConfig: { Namespaces: [{ Name: 'sbemulatorns', ...namespace }] } });
  return parseEmulatorConfig(text, 'Config.json');
}
