import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { ServiceBusMessage, ServiceBusSender } from '@azure/service-bus';
import { limits } from '../../../dev/service-bus/limits.ts';
import { namespaceConfig } from '../../../dev/service-bus/namespace-config.ts';
import { until } from '../../support/until.ts';
import { detachOf, RawClient } from './raw-client.ts';
import { connect, failure, failureCode, journalledIds, openBroker } from './support.ts';

// What the broker must do as Azure Service Bus does. Each expectation says where it comes from: Microsoft's documents, an
// issue in which the service was seen to do so, or what the tests of the SDK expect of the service that they run on.
// Whatever the SDK would not send, or hides, goes through an AMQP client of the tests.

const docs = 'https://learn.microsoft.com/azure/service-bus-messaging';
const github = 'https://github.com/Azure';
const quotas = `${docs}/service-bus-quotas`;
const protocolGuide = `${docs}/service-bus-amqp-protocol-guide`;
const amqpErrors = `${docs}/service-bus-amqp-troubleshoot`;
const sdkTests = `${github}/azure-sdk-for-js/blob/main/sdk/servicebus/service-bus/test`;

const mebibyte = 1_048_576;
const soon = { maxWaitTimeInMs: 5_000 };

function conforms(source: string, name: string, check: (t: TestContext) => Promise<void>): void {
  test(`${name} (${source})`, check);
}

// What is refused when it is sent

conforms(`${github}/azure-service-bus/issues/397`, 'a batch has at most 4,500 messages', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', maxMessageSizeBytes: mebibyte }] });
  const sender = connect(t, bus.connectionString).createSender('q');
  const messages = Array.from({ length: 4_501 }, () => ({ body: Buffer.from('x') }));

  const error = await failure(sender.sendMessages(messages));
  await sender.sendMessages(messages.slice(1));

  // The service asks for another try, although none will help.
  assert.equal(error.code, 'GeneralError');
  assert.match(
    error.message,
    /^InternalServerError: The service was unable to process the request; please retry/,
  );
  assert.equal(error.retryable, true);
  assert.equal(bus.journal.total, 4_500);
});

conforms(
  `${github}/azure-sdk-for-js/issues/20578`,
  'a batch has at most 1 MB, also where a single message may have more',
  async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q', maxMessageSizeBytes: 100 * mebibyte }] });
    const sender = connect(t, bus.connectionString).createSender('q');
    const body = Buffer.alloc(700_000);

    const error = await failure(sender.sendMessages([{ body }, { body }]));
    await sendOnNewLink(sender, { body: Buffer.alloc(2 * mebibyte) });
    await sender.sendMessages([{ body }, { body: 'x' }]);

    assert.match(error.message, /^InvalidOperationError: .* received a batch message with no data in it/);
    assert.equal(bus.journal.total, 3);
  },
);

conforms(
  `${github}/azure-sdk-for-net/issues/26109`,
  'an empty batch is refused, and its link detached',
  async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q' }] });
    const sender = connect(t, bus.connectionString).createSender('q');
    const raw = new RawClient(t, bus);
    const link = await raw.openSender('q');

    const error = await failure(sender.sendMessages([]));
    const detached = detachOf(link);
    link.send(Buffer.from([0x00, 0x53, 0x70, 0x45]), undefined, 0x8001_3700);

    assert.match(
      error.message,
      /^InvalidOperationError: .* is force detached .* batch message with no data in it/,
    );
    assert.match(await detached, /^amqp:not-allowed/);
    await sendOnNewLink(sender, { body: 'x' });
  },
);

conforms(`${github}/azure-sdk-for-net/issues/15325`, 'one property has at most 32 KB', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = connect(t, bus.connectionString).createSender('q');
  const property = (length: number) => ({ body: 'x', applicationProperties: { p: 'x'.repeat(length) } });

  const error = await failure(sender.sendMessages(property(32_769)));
  await sender.sendMessages(property(32_768));

  assert.match(error.message, /^InternalServerError: The service was unable to process the request/);
  assert.equal(bus.journal.total, 1);
});

conforms(
  `${quotas} and https://github.com/rebus-org/Rebus.AzureServiceBus/issues/35`,
  'all properties together, the system ones among them, have at most 64 KB',
  async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q' }] });
    const sender = connect(t, bus.connectionString).createSender('q');
    const half = 'x'.repeat(32_000);

    const error = await failure(
      sender.sendMessages({ body: 'x', applicationProperties: { a: half, b: half, c: 'x'.repeat(2_000) } }),
    );
    const ofTheSystem = await failureCode(sender.sendMessages({ body: 'x', subject: 'x'.repeat(66_000) }));
    await sender.sendMessages({ body: 'x', applicationProperties: { a: half, b: half } });

    assert.equal(error.code, 'MessageSizeExceeded');
    assert.match(error.message, /size quota for this stream \(65536\) has been exceeded/);
    assert.equal(ofTheSystem, 'MessageSizeExceeded');
  },
);

for (const [type, value] of Object.entries({ map: { a: 1 }, list: [1], binary: Buffer.from('x') })) {
  conforms(
    `${github}/azure-sdk-for-python/issues/30140 and ${sdkTests}/atomRuleFiltersOnMessage.spec.ts`,
    `a property of type ${type} is refused`,
    async (t) => {
      const bus = await openBroker(t, { queues: [{ name: 'q' }] });
      const sender = connect(t, bus.connectionString).createSender('q');
      const applicationProperties = { p: value } as unknown as NonNullable<
        ServiceBusMessage['applicationProperties']
      >;

      const error = await failure(sender.sendMessages({ body: 'x', applicationProperties }));

      assert.equal(error.code, 'MessageSizeExceeded');
      assert.match(error.message, /Serialization operation failed due to unsupported type/);
    },
  );
}

for (const [name, fields] of Object.entries({
  MessageId: (id: string) => ({ message_id: id }),
  SessionId: (id: string) => ({ group_id: id }),
  PartitionKey: (id: string) => ({ message_annotations: { 'x-opt-partition-key': id } }),
})) {
  conforms(quotas, `a ${name} has at most 128 characters`, async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q' }] });
    const raw = new RawClient(t, bus);
    const sender = await raw.openSender('q');

    const tooLong = await raw.send(sender, { ...fields('x'.repeat(129)), body: 'x' });
    const fits = await raw.send(sender, { ...fields('ä'.repeat(128)), body: 'x' });

    assert.match(tooLong, new RegExp(`^amqp:not-allowed: .*${name}`));
    assert.equal(fits, 'accepted');
  });
}

conforms(
  `${github}/azure-sdk-for-java/pull/10612`,
  'a partition key beside a session id must be equal to it',
  async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true }] });
    const raw = new RawClient(t, bus);
    const sender = await raw.openSender('q');
    const message = (key: string) => ({ group_id: 's', message_annotations: { 'x-opt-partition-key': key } });

    assert.match(await raw.send(sender, message('other')), /^amqp:not-allowed: /);
    assert.equal(await raw.send(sender, message('s')), 'accepted');
  },
);

conforms(
  `${github}/azure-sdk-for-python/issues/21955`,
  'a partitioned entity that detects duplicates takes no batch of several ids',
  async (t) => {
    const bus = await openBroker(t, {
      queues: [{ name: 'q', partitioned: true, duplicateWindowMs: 60_000 }],
    });
    const sender = connect(t, bus.connectionString).createSender('q');
    const batch = ['m1', 'm2'].map((messageId) => ({ messageId, partitionKey: 'k', body: 'x' }));

    const error = await failure(sender.sendMessages(batch));
    for (const message of batch) await sender.sendMessages(message);

    assert.match(error.message, /distinct SessionId, PartitionKey, or MessageId +is not supported/);
    assert.deepEqual(journalledIds(bus, 'q'), ['m1', 'm2']);
  },
);

conforms(
  'https://github.com/MicrosoftDocs/azure-docs/issues/30242',
  'a partitioned entity that detects duplicates wants an id or a partition key',
  async (t) => {
    const bus = await openBroker(t, {
      queues: [
        { name: 'q', partitioned: true, duplicateWindowMs: 60_000 },
        { name: 'without-detection', partitioned: true },
      ],
    });
    const client = connect(t, bus.connectionString);
    const sender = client.createSender('q');

    const error = await failure(sender.sendMessages({ body: 'x' }));
    await sender.sendMessages({ body: 'x', partitionKey: 'k' });
    await client.createSender('without-detection').sendMessages({ body: 'x' });

    assert.match(error.message, /must have either PartitionKey or MessageId set/);
  },
);

conforms(
  `${github}/azure-sdk-for-js/pull/978 and ${github}/amqpnetlite/issues/120`,
  'a batch of several sessions is taken by an unpartitioned entity and refused by a partitioned one',
  async (t) => {
    const sessions = [{ name: 'all', requiresSession: true }];
    const bus = await openBroker(t, {
      queues: [
        { name: 'q', requiresSession: true },
        { name: 'partitioned', requiresSession: true, partitioned: true },
      ],
      topics: [{ name: 't', subscriptions: sessions }],
    });
    const client = connect(t, bus.connectionString);
    const batch = ['s1', 's2'].map((sessionId) => ({ body: 'x', sessionId }));

    for (const entity of ['q', 't']) await client.createSender(entity).sendMessages(batch);
    const error = await failure(client.createSender('partitioned').sendMessages(batch));

    assert.match(
      error.message,
      /distinct SessionId or PartitionKey is not supported for an entity with partitioning/,
    );
  },
);

conforms(
  `${docs}/service-bus-premium-messaging`,
  'an entity holds 1 GB unless it is told otherwise',
  async () => {
    const { queues, topics } = namespaceConfig({ queues: [{ name: 'q' }], topics: [{ name: 't' }] });

    assert.deepEqual(
      [queues[0]?.maxSizeBytes, topics[0]?.maxSizeBytes],
      [1_024 * mebibyte, 1_024 * mebibyte],
    );
  },
);

conforms(
  `${docs}/service-bus-dead-letter-queues`,
  'what is dead-lettered counts in the size of its entity',
  async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q', maxSizeBytes: 1_000 }] });
    const client = connect(t, bus.connectionString);
    const sender = client.createSender('q');
    await sender.sendMessages({ messageId: 'm1', body: Buffer.alloc(2_000) });
    const receiver = client.createReceiver('q');
    const [message] = await receiver.receiveMessages(1, soon);
    assert.ok(message);

    await receiver.deadLetterMessage(message);

    assert.equal(await failureCode(sender.sendMessages({ body: 'x' })), 'QuotaExceeded');
  },
);

// What is refused otherwise, or answered in another way

conforms(`${sdkTests}/internal/batchReceiver.spec.ts`, 'a dead letter cannot be dead-lettered', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', body: 'x' });
  const receiver = client.createReceiver('q');
  const [message] = await receiver.receiveMessages(1, soon);
  assert.ok(message);
  await receiver.deadLetterMessage(message);
  const deadReceiver = client.createReceiver('q', { subQueueType: 'deadLetter' });
  const [dead] = await deadReceiver.receiveMessages(1, soon);
  assert.ok(dead);

  const error = await failure(deadReceiver.deadLetterMessage(dead));

  assert.equal(error.code, 'GeneralError');
  assert.match(error.message, /^InvalidOperationError/);
  const [again] = await deadReceiver.receiveMessages(1, soon);
  assert.deepEqual([again?.messageId, again?.deliveryCount], ['m1', 0]);
  // Without its link it is settled by a request.
  await deadReceiver.close();
  assert.ok(again);
  const other = client.createReceiver('q', { subQueueType: 'deadLetter' });
  assert.match((await failure(other.deadLetterMessage(again))).message, /^InvalidOperationError/);
});

conforms(quotas, 'a peek brings at most 250 messages', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages(Array.from({ length: 300 }, () => ({ body: 'x' })));

  const peeked = await client.createReceiver('q').peekMessages(300);

  assert.equal(peeked.length, 250);
});

conforms(`${sdkTests}/public/deferredMessage.spec.ts`, 'a deferral counts as a delivery', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', body: 'x' });
  const receiver = client.createReceiver('q');
  const deferred = async () => {
    const [message] = await receiver.receiveDeferredMessages(sequenceNumber);
    assert.ok(message);
    return message;
  };
  const [message] = await receiver.receiveMessages(1, soon);
  assert.ok(message?.sequenceNumber);
  const { sequenceNumber } = message;
  await receiver.deferMessage(message);

  const once = await deferred();
  await receiver.deferMessage(once);
  const twice = await deferred();
  await receiver.deadLetterMessage(twice);

  assert.deepEqual([once.deliveryCount, twice.deliveryCount], [1, 2]);
  const [dead] = await client.createReceiver('q', { subQueueType: 'deadLetter' }).receiveMessages(1, soon);
  assert.equal(dead?.deliveryCount, 2);
});

conforms(
  `${github}/azure-service-bus/issues/451`,
  'the address of an entity that is not there is said in whole, already when a token is put for it',
  async (t) => {
    const bus = await openBroker(t, {});
    const sender = connect(t, bus.connectionString).createSender('none');

    const error = await failure(sender.sendMessages({ body: 'x' }));

    assert.equal(error.code, 'MessagingEntityNotFound');
    assert.match(error.message, /The messaging entity 'sb:\/\/localhost\/none' could not be found/);
    assert.equal(await new RawClient(t, bus).putToken('none'), 404);
  },
);

// What ends by itself

conforms(amqpErrors, 'a link on which nothing was sent for ten minutes is detached', async (t) => {
  assert.equal(limits.idleLinkMs.value, 600_000);
  const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { limits: { idleLinkMs: 150 } });
  const sdk = connect(t, bus.connectionString).createSender('q');
  await sdk.sendMessages({ body: 'x' });
  const link = await new RawClient(t, bus).openSender('q');

  const detached = await detachOf(link);

  assert.match(
    detached,
    /^amqp:link:detach-forced: .*AmqpMessagePublisher\.IdleTimerExpired: Idle timeout: 00:/,
  );
  // The SDK's link is as old, and gone too.
  await sendOnNewLink(sdk, { body: 'x' });
});

conforms(
  `${github}/azure-sdk-for-python/issues/18795`,
  'a link on which nothing was received for ten minutes is detached, also when it waits for a message',
  async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { limits: { idleLinkMs: 150 } });
    const raw = new RawClient(t, bus);
    await raw.putToken('q');

    const detached = await detachOf(raw.connection.open_receiver({ source: 'q', credit_window: 10 }));

    assert.match(detached, /^amqp:link:detach-forced: .*AmqpMessageConsumer\.IdleTimerExpired/);
  },
);

conforms(amqpErrors, 'a link that is used is not detached before it has been idle for so long', async (t) => {
  const openedAt = Date.now();
  let nowMs = openedAt;
  const bus = await openBroker(
    t,
    { queues: [{ name: 'q' }] },
    { limits: { idleLinkMs: 1_000 }, now: () => nowMs },
  );
  const raw = new RawClient(t, bus);
  const sender = await raw.openSender('q');
  // One message comes, and nothing goes back: neither an outcome nor credit.
  const receiver = raw.connection.open_receiver({ source: 'q', credit_window: 0, autoaccept: false });
  await once(receiver, 'receiver_open');
  receiver.add_credit(1);
  const requests = raw.connection.open_sender('q/$management');
  await once(requests, 'sendable');
  const detached = [sender, receiver, requests].map(async (link) =>
    (await detachOf(link)).split(':', 3).join(':'),
  );
  const first = Promise.race(detached);
  let isDetached = false;
  void first.then(() => {
    isDetached = true;
  });

  nowMs += 600;
  const delivered = once(receiver, 'message');
  requests.send({ body: 'a request of any kind' });
  await raw.send(sender, { body: 'x' });
  await delivered;
  nowMs += 600;
  await until('the broker has looked after a second', () => Date.now() > openedAt + 1_300);
  assert.equal(isDetached, false);
  nowMs += 500;

  assert.deepEqual(new Set(await Promise.all(detached)), new Set(['amqp:link:detach-forced']));
});

conforms(
  `${github}/azure-service-bus-java/issues/75`,
  'the links for requests are detached too, and the SDK makes others',
  async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { limits: { idleLinkMs: 150 } });
    const receiver = connect(t, bus.connectionString).createReceiver('q');
    const raw = new RawClient(t, bus);
    await raw.putToken('q');
    await receiver.peekMessages(1);

    const detached = await detachOf(raw.connection.open_sender('q/$management'));

    assert.match(detached, /^amqp:link:detach-forced: .*AmqpControlProtocolClient\.IdleTimerExpired/);
    assert.deepEqual(await receiver.peekMessages(1), []);
  },
);

conforms(amqpErrors, 'a connection that makes no link is closed after a minute', async (t) => {
  assert.equal(limits.unusedConnectionMs.value, 60_000);
  const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { limits: { unusedConnectionMs: 150 } });
  const raw = new RawClient(t, bus);
  await raw.putToken('q');

  await until('it is closed', () => raw.closedWith !== undefined);

  assert.equal(raw.closedWith, 'amqp:connection:forced');
});

conforms(amqpErrors, 'a connection whose links are all gone is closed after five minutes', async (t) => {
  assert.equal(limits.linklessConnectionMs.value, 300_000);
  const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { limits: { linklessConnectionMs: 150 } });
  const raw = new RawClient(t, bus);
  const sender = await raw.openSender('q');
  const requests = raw.connection.open_sender('q/$management');
  await once(requests, 'sendable');

  requests.close();
  sender.close();
  await until('it is closed', () => raw.closedWith !== undefined);

  assert.equal(raw.closedWith, 'amqp:connection:forced');
});

conforms(protocolGuide, 'a connection that puts no token within 20 seconds is closed', async (t) => {
  assert.equal(limits.tokenWithinMs.value, 20_000);
  const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { limits: { tokenWithinMs: 150 } });
  const withToken = new RawClient(t, bus);
  await withToken.putToken('q');
  const without = new RawClient(t, bus);

  await until('it is closed', () => without.closedWith !== undefined);

  // The time of the one that has a token was over before.
  assert.equal(without.closedWith, 'amqp:connection:forced');
  await withToken.openSender('q');
});

conforms(protocolGuide, 'a token that expires takes the links of its entity with it', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }, { name: 'other' }] });
  const raw = new RawClient(t, bus);
  const other = await raw.openSender('other');
  const sender = await raw.openSender('q');
  const receiver = raw.connection.open_receiver({ source: 'q' });
  await once(receiver, 'receiver_open');

  await raw.putToken('q', Date.now() + 2_000);
  const detached = await Promise.all([detachOf(sender), detachOf(receiver)]);

  assert.match(
    detached[0] ?? '',
    /^amqp:link:detach-forced: .*RenewToken.*'Send' claim.*'sb:\/\/localhost\/q'/,
  );
  assert.match(detached[1] ?? '', /^amqp:link:detach-forced: .*RenewToken.*'Listen' claim/);
  assert.equal(await raw.send(other, { body: 'x' }), 'accepted');
});

conforms(protocolGuide, 'a token that is replaced in time keeps its links', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const raw = new RawClient(t, bus);
  const expiresAt = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000;
  const sender = await raw.openSender('q', expiresAt);

  await raw.putToken('q');
  await until('the first one has expired', () => Date.now() > expiresAt + 100);

  assert.equal(await raw.send(sender, { body: 'x' }), 'accepted');
});

// How much at once

conforms(`${docs}/service-bus-throttling`, 'operations past those of a second are throttled', async (t) => {
  let nowMs = Date.now();
  const bus = await openBroker(
    t,
    { queues: [{ name: 'q' }], topics: [{ name: 't', subscriptions: [{ name: 'a' }, { name: 'b' }] }] },
    { limits: { creditsPerSecond: 4 }, now: () => nowMs },
  );
  const client = connect(t, bus.connectionString);
  const sender = client.createSender('q');

  for (let sent = 0; sent < 4; sent++) await sender.sendMessages({ body: 'x' });
  const error = await failure(sender.sendMessages({ body: 'x' }));
  nowMs += 1_000;
  // A topic costs a credit for each rule too.
  const toTopic = client.createSender('t');
  await toTopic.sendMessages([{ body: 'x' }, { body: 'x' }]);
  const afterTopic = await failureCode(toTopic.sendMessages({ body: 'x' }));
  nowMs += 1_000;
  // The change of a rule costs ten.
  await client.createRuleManager('t', 'a').createRule('none', { sqlExpression: '1=0' });
  const afterRule = await failureCode(sender.sendMessages({ body: 'x' }));

  assert.equal(error.code, 'ServiceBusy');
  assert.match(error.message, /being throttled\. Error code : 50009\. Please wait 2 seconds and try again/);
  assert.deepEqual([afterTopic, afterRule], ['ServiceBusy', 'ServiceBusy']);
  assert.equal(bus.journal.total, 6);
});

conforms(
  `${quotas} and ${github}/azure-service-bus/issues/3`,
  'a connection too many is refused',
  async (t) => {
    assert.equal(limits.connections.value, 5_000);
    const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { limits: { connections: 1 } });
    const first = new RawClient(t, bus);
    await once(first.connection, 'connection_open');
    const second = new RawClient(t, bus);
    const isLetIn = (raw: RawClient) =>
      Promise.race([
        raw.putToken('q').then(() => true),
        once(raw.connection, 'connection_close').then(() => false),
      ]);

    assert.equal(await isLetIn(second), false);
    first.connection['socket'].destroy();

    assert.equal(second.closedWith, 'amqp:resource-limit-exceeded');
    await until('a place is free', () => isLetIn(new RawClient(t, bus)));
  },
);

/** The SDK opens a link anew for the next send, and for a moment says that it is busy. */
async function sendOnNewLink(sender: ServiceBusSender, message: ServiceBusMessage): Promise<void> {
  await until('the SDK has another link', () =>
    sender.sendMessages(message).then(
      () => true,
      (error: Error) => {
        if (/SenderBusyError/.test(error.message)) return false;
        throw error;
      },
    ),
  );
}
