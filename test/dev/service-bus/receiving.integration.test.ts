import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { until } from '../../support/until.ts';
import { connect, failureCode, openBroker, soon } from './support.ts';

const empty = { maxWaitTimeInMs: 50 };

test('a locked message carries what the service adds, and its properties as they were sent', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', lockDurationMs: 30_000 }] });
  const client = connect(t, bus.connectionString);
  const sentAt = Date.now();
  await client.createSender('q').sendMessages({
    body: Buffer.from('x'),
    messageId: 'm1',
    timeToLive: 60_000,
    partitionKey: 'p',
    applicationProperties: { tries: 3, half: 0.5, name: 'Zoë' },
  });

  const [message] = await client.createReceiver('q').receiveMessages(1, soon);

  assert.equal(message?.sequenceNumber?.toNumber(), 1);
  assert.ok(Math.abs((message?.enqueuedTimeUtc?.getTime() ?? 0) - sentAt) < 2_000);
  assert.ok(Math.abs((message?.lockedUntilUtc?.getTime() ?? 0) - sentAt - 30_000) < 2_000);
  assert.match(message?.lockToken ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-/);
  assert.deepEqual([message?.deliveryCount, message?.timeToLive, message?.partitionKey], [0, 60_000, 'p']);
  assert.deepEqual(message?.applicationProperties, { tries: 3, half: 0.5, name: 'Zoë' });
});

test('each subscription has its own copy, chosen by its rules', async (t) => {
  const bus = await openBroker(t, {
    topics: [
      {
        name: 't',
        subscriptions: [
          { name: 'all' },
          { name: 'none', rules: [{ name: 'none', filter: { kind: 'false' } }] },
          {
            name: 'created',
            rules: [
              {
                name: 'created',
                filter: { kind: 'correlation', fields: { subject: 'Created' }, properties: { region: 'eu' } },
              },
            ],
          },
        ],
      },
    ],
  });
  const client = connect(t, bus.connectionString);
  await client.createSender('t').sendMessages([
    { messageId: 'm1', body: 'x', subject: 'Created', applicationProperties: { region: 'eu' } },
    { messageId: 'm2', body: 'x', subject: 'Created', applicationProperties: { region: 'us' } },
    { messageId: 'm3', body: 'x', subject: 'Other', applicationProperties: { region: 'eu' } },
  ]);

  const received: Record<string, unknown[]> = {};
  for (const name of ['all', 'none', 'created']) {
    const receiver = client.createReceiver('t', name, { receiveMode: 'receiveAndDelete' });
    received[name] = ids(await receiver.receiveMessages(10, { maxWaitTimeInMs: 300 }));
  }

  assert.deepEqual(received, { all: ['m1', 'm2', 'm3'], none: [], created: ['m1'] });
});

test('a received and deleted message is gone at once', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages({ messageId: 'm1', body: 'x' });
  const receiver = client.createReceiver('q', { receiveMode: 'receiveAndDelete' });

  const first = await receiver.receiveMessages(1, soon);
  const second = await receiver.receiveMessages(1, empty);

  assert.deepEqual([ids(first), ids(second)], [['m1'], []]);
});

test('subscribe gets every message, more than a session window of them', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  const sender = client.createSender('q');
  for (let batch = 0; batch < 10; batch++) {
    const messages = Array.from({ length: 500 }, (_, index) => ({
      messageId: `${batch * 500 + index}`,
      body: 'x',
    }));
    await sender.sendMessages(messages);
  }

  const received: unknown[] = [];
  client.createReceiver('q').subscribe(
    {
      processMessage: async (message) => void received.push(message.messageId),
      processError: async ({ error }) => assert.fail(error),
    },
    { maxConcurrentCalls: 100 },
  );
  await until('all 5,000 are received', () => received.length >= 5_000);

  assert.deepEqual(
    received,
    Array.from({ length: 5_000 }, (_, index) => `${index}`),
  );
});

test('the iterator waits for messages that come later', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  const sender = client.createSender('q');
  const receiver = client.createReceiver('q');

  const received: unknown[] = [];
  await sender.sendMessages({ messageId: 'm0', body: 'x' });
  for await (const message of receiver.getMessageIterator()) {
    received.push(message.messageId);
    await receiver.completeMessage(message);
    if (received.length === 3) break;
    await sender.sendMessages({ messageId: `m${received.length}`, body: 'x' });
  }

  assert.deepEqual(received, ['m0', 'm1', 'm2']);
});

test('a receiver that found nothing can be used again', async (t) => {
  // The SDK drains its credit after each wait; without an answer it would close the link.
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  const receiver = client.createReceiver('q');

  for (let round = 0; round < 3; round++) assert.deepEqual(await receiver.receiveMessages(5, empty), []);
  await client.createSender('q').sendMessages({ messageId: 'm1', body: 'x' });

  assert.deepEqual(ids(await receiver.receiveMessages(5, soon)), ['m1']);
});

test('two receivers share the messages of a queue', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  const received: unknown[][] = [[], []];
  for (const own of received) {
    client.createReceiver('q', { receiveMode: 'receiveAndDelete' }).subscribe({
      processMessage: async (message) => void own.push(message.messageId),
      processError: async ({ error }) => assert.fail(error),
    });
  }
  const sender = client.createSender('q');

  for (let sent = 0; sent < 100; sent++) await sender.sendMessages({ messageId: `${sent}`, body: 'x' });
  await until('all are received', () => received.flat().length === 100);

  assert.ok(
    received.every((own) => own.length >= 40),
    received.map((own) => own.length).join(),
  );
});

test('peeking shows messages and leaves them', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  await client.createSender('q').sendMessages([
    { messageId: 'm1', body: { a: 1 } },
    { messageId: 'm2', body: { a: 2 } },
  ]);
  const receiver = client.createReceiver('q');

  const peeked = await receiver.peekMessages(10);
  const again = await receiver.peekMessages(10);

  assert.deepEqual(
    [ids(peeked), peeked.map(({ body }) => body)],
    [
      ['m1', 'm2'],
      [{ a: 1 }, { a: 2 }],
    ],
  );
  assert.deepEqual(again, []);
  assert.deepEqual(ids(await receiver.receiveMessages(2, soon)), ['m1', 'm2']);
});

test('a scheduled message comes when it is due, and a cancelled one never', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  const sender = client.createSender('q');
  // Late enough for the cancellation to come before it, on a busy machine too.
  const dueAt = Date.now() + 3_000;

  await sender.scheduleMessages({ messageId: 'later', body: 'x' }, new Date(dueAt));
  await sender.sendMessages({
    messageId: 'stamped',
    body: 'x',
    scheduledEnqueueTimeUtc: new Date(dueAt + 50),
  });
  const [cancelled] = await sender.scheduleMessages({ messageId: 'never', body: 'x' }, new Date(dueAt));
  assert.ok(cancelled);
  await sender.cancelScheduledMessages(cancelled);
  const receiver = client.createReceiver('q', { receiveMode: 'receiveAndDelete' });
  const first = await receiver.receiveMessages(1, soon);
  const receivedAt = Date.now();
  const second = await receiver.receiveMessages(1, soon);

  assert.deepEqual([ids(first), ids(second)], [['later'], ['stamped']]);
  assert.ok(receivedAt >= dueAt - 5);
  assert.deepEqual(await receiver.receiveMessages(1, empty), []);
});

test('an entity that is not there cannot be received from', async (t) => {
  const bus = await openBroker(t, { topics: [{ name: 't', subscriptions: [{ name: 's' }] }] });
  const client = connect(t, bus.connectionString);

  assert.equal(
    await failureCode(client.createReceiver('t', 'none').receiveMessages(1)),
    'MessagingEntityNotFound',
  );
});

function ids(messages: readonly ServiceBusReceivedMessage[]): unknown[] {
  return messages.map((message) => message.messageId);
}
