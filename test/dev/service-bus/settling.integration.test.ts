import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import { until } from '../../support/until.ts';
import { connect, failureCode, openBroker, soon } from './support.ts';

const empty = { maxWaitTimeInMs: 50 };

test('a completed message is gone', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', body: 'x' });
  const receiver = client.createReceiver('q');

  await receiver.completeMessage(await receiveOne(receiver));

  assert.deepEqual(await receiver.peekMessages(1), []);
});

test('an abandoned message comes again, counted and with the properties changed', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({
    messageId: 'm1',
    body: { a: 1 },
    subject: 's',
    applicationProperties: { kept: 0.5, old: 'a' },
  });
  const receiver = client.createReceiver('q');

  await receiver.abandonMessage(await receiveOne(receiver), { old: 'b', added: true });
  const again = await receiveOne(receiver);

  assert.deepEqual([again.messageId, again.deliveryCount, again.subject], ['m1', 1, 's']);
  assert.deepEqual(again.applicationProperties, { kept: 0.5, old: 'b', added: true });
  assert.deepEqual(again.body, { a: 1 });
});

test('a released message comes again, and its delivery does not count', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', maxDeliveryCount: 2 }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', body: 'x' });
  const receiver = client.createReceiver('q');

  for (let time = 1; time <= 3; time++) {
    const message = await receiveOne(receiver);
    assert.deepEqual([message.messageId, message.deliveryCount], ['m1', 0]);
    // The SDK has no call for this outcome of AMQP; the delivery of rhea, which it keeps, has.
    (message as unknown as { delivery: { release(): void } }).delivery.release();
  }

  assert.equal((await receiver.peekMessages(1)).length, 1);
});

test('a dead-lettered message says why, and can be received from the dead-letter queue', async (t) => {
  const bus = await openBroker(t, { topics: [{ name: 't', subscriptions: [{ name: 's' }] }] });
  const client = connect(t, bus.connectionString);
  await client
    .createSender('t')
    .sendMessages({ messageId: 'm1', body: 'x', applicationProperties: { a: 1 } });
  const receiver = client.createReceiver('t', 's');

  await receiver.deadLetterMessage(await receiveOne(receiver), {
    deadLetterReason: 'unreadable',
    deadLetterErrorDescription: 'no total',
    by: 'test',
  });
  const dead = await receiveOne(client.createReceiver('t', 's', { subQueueType: 'deadLetter' }));

  assert.deepEqual(
    [dead.messageId, dead.deadLetterReason, dead.deadLetterErrorDescription],
    ['m1', 'unreadable', 'no total'],
  );
  assert.equal(dead.deadLetterSource, 't/Subscriptions/s');
  assert.deepEqual([dead.applicationProperties?.['a'], dead.applicationProperties?.['by']], [1, 'test']);
  assert.deepEqual(await receiver.receiveMessages(1, empty), []);
});

test('a message that was delivered too often is dead-lettered', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', maxDeliveryCount: 2 }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', body: 'x' });
  const receiver = client.createReceiver('q');

  await receiver.abandonMessage(await receiveOne(receiver));
  await receiver.abandonMessage(await receiveOne(receiver));
  const dead = await receiveOne(client.createReceiver('q', { subQueueType: 'deadLetter' }));

  assert.deepEqual([dead.messageId, dead.deadLetterReason], ['m1', 'MaxDeliveryCountExceeded']);
});

test('a deferred message is received by its number alone, and then settled', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages([
    { messageId: 'm1', body: 'x' },
    { messageId: 'm2', body: 'x' },
  ]);
  const receiver = client.createReceiver('q');
  const message = await receiveOne(receiver);
  const { sequenceNumber } = message;
  assert.ok(sequenceNumber);

  await receiver.deferMessage(message);
  const next = await receiveOne(receiver);
  const [deferred] = await receiver.receiveDeferredMessages(sequenceNumber);
  assert.ok(deferred);
  await receiver.completeMessage(deferred);

  assert.deepEqual([next.messageId, deferred.messageId, deferred.state], ['m2', 'm1', 'deferred']);
  assert.equal(await failureCode(receiver.receiveDeferredMessages(sequenceNumber)), 'MessageNotFound');
});

test('a message whose lock expires comes again, and can no longer be settled', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', lockDurationMs: 2_000 }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', body: 'x' });
  const receiver = client.createReceiver('q', { maxAutoLockRenewalDurationInMs: 0 });

  const first = await receiveOne(receiver);
  const second = await receiveOne(receiver);

  assert.deepEqual([second.messageId, second.deliveryCount], ['m1', 1]);
  assert.equal(await failureCode(receiver.completeMessage(first)), 'MessageLockLost');
  await receiver.completeMessage(second);
});

test('a renewed lock lasts longer', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', lockDurationMs: 3_000 }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', body: 'x' });
  const receiver = client.createReceiver('q', { maxAutoLockRenewalDurationInMs: 0 });
  const message = await receiveOne(receiver);
  const lockedUntil = message.lockedUntilUtc?.getTime() ?? 0;

  let renewedUntil = 0;
  await until('the first lock would have expired', async () => {
    renewedUntil = (await receiver.renewMessageLock(message)).getTime();
    return Date.now() > lockedUntil + 100;
  });

  assert.ok(renewedUntil > lockedUntil);
  await receiver.completeMessage(message);
});

test('a message whose link is gone is settled through the management link', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', body: 'x' });
  const gone = client.createReceiver('q');
  const message = await receiveOne(gone);
  await gone.close();

  const receiver = client.createReceiver('q');
  await receiver.completeMessage(message);

  assert.deepEqual(await receiver.peekMessages(1), []);
});

test('a message past its time to live is dropped, or dead-lettered where that is asked for', async (t) => {
  const bus = await openBroker(t, {
    queues: [{ name: 'drops' }, { name: 'keeps', deadLetterOnExpiration: true }],
  });
  const client = connect(t, bus.connectionString);
  for (const name of ['drops', 'keeps']) {
    await client.createSender(name).sendMessages({ messageId: 'm1', body: 'x', timeToLive: 100 });
  }

  const dead = await receiveOne(client.createReceiver('keeps', { subQueueType: 'deadLetter' }));

  assert.deepEqual([dead.messageId, dead.deadLetterReason], ['m1', 'TTLExpiredException']);
  assert.deepEqual(await client.createReceiver('drops').receiveMessages(1, empty), []);
  assert.deepEqual(
    await client.createReceiver('drops', { subQueueType: 'deadLetter' }).receiveMessages(1, empty),
    [],
  );
});

test('a repeated message id is accepted, dropped, and journalled as a repeat', async (t) => {
  const bus = await openBroker(t, {
    topics: [{ name: 't', duplicateWindowMs: 60_000, subscriptions: [{ name: 's' }] }],
  });
  const client = connect(t, bus.connectionString);
  const sender = client.createSender('t');

  await sender.sendMessages({ messageId: 'm1', body: 'x' });
  await sender.sendMessages([
    { messageId: 'm1', body: 'x' },
    { messageId: 'm2', body: 'x' },
  ]);

  const received = await client.createReceiver('t', 's').receiveMessages(10, { maxWaitTimeInMs: 300 });
  assert.deepEqual(
    received.map((message) => message.messageId),
    ['m1', 'm2'],
  );
  assert.deepEqual(
    bus.journal.entries().map((entry) => [entry.messageId, entry.duplicate]),
    [
      ['m1', false],
      ['m1', true],
      ['m2', false],
    ],
  );
  assert.equal(bus.journal.duplicates, 1);
});

async function receiveOne(receiver: ServiceBusReceiver): Promise<ServiceBusReceivedMessage> {
  const [message] = await receiver.receiveMessages(1, soon);
  assert.ok(message, 'a message should have come');
  return message;
}
