import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RawClient } from './raw-client.ts';
import { connect, failure, failureCode, journalledIds, openBroker } from './support.ts';

test('a message is journalled with what its sender gave it, the body byte for byte', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = connect(t, bus.connectionString).createSender('q');
  const body = Buffer.from('{"price": 1.10,  "big":12345678901234567890}');

  await sender.sendMessages({
    body,
    messageId: 'm1',
    subject: 'OrderCreated',
    correlationId: 'c1',
    contentType: 'application/json',
    sessionId: 's1',
    applicationProperties: { tries: 3, name: 'Zoë', ok: true },
  });

  const [entry] = bus.journal.entries();
  assert.deepEqual(entry?.body, body);
  assert.deepEqual(
    [
      entry?.arrival,
      entry?.entity,
      entry?.messageId,
      entry?.subject,
      entry?.correlationId,
      entry?.contentType,
    ],
    [1, 'q', 'm1', 'OrderCreated', 'c1', 'application/json'],
  );
  assert.deepEqual(entry?.sessionId, 's1');
  assert.deepEqual(entry?.applicationProperties, { tries: 3, name: 'Zoë', ok: true });
  assert.deepEqual([entry?.sequenceNumber, entry?.duplicate], [1, false]);
});

test('the messages of a batch are stored one by one, in their order', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const client = connect(t, bus.connectionString);
  const ids = Array.from({ length: 500 }, (_, index) => `m${index}`);

  await client
    .createSender('q')
    .sendMessages(ids.map((messageId) => ({ messageId, body: Buffer.from(messageId) })));

  assert.deepEqual(journalledIds(bus, 'q'), ids);
  const receiver = client.createReceiver('q', { receiveMode: 'receiveAndDelete' });
  const received = await receiver.receiveMessages(500, { maxWaitTimeInMs: 1_000 });
  assert.deepEqual(
    received.map((message) => message.body.toString()),
    ids.slice(0, received.length),
  );
});

test('a message larger than a frame arrives whole', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', maxMessageSizeBytes: 1_048_576 }] });
  const client = connect(t, bus.connectionString);
  const body = Buffer.from(Array.from({ length: 900_000 }, (_, index) => index % 251));

  await client.createSender('q').sendMessages({ body, messageId: 'm1' });

  const [message] = await client.createReceiver('q').receiveMessages(1, { maxWaitTimeInMs: 5_000 });
  assert.ok(body.equals(message?.body));
});

test('the link announces the size limit and a message above it is refused', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = connect(t, bus.connectionString).createSender('q');

  const batch = await sender.createMessageBatch();
  const code = await failureCode(sender.sendMessages({ body: Buffer.alloc(262_144) }));

  assert.equal(batch.maxSizeInBytes, 262_144);
  assert.equal(code, 'MessageSizeExceeded');
  assert.equal(bus.journal.total, 0);
});

test('a batch is refused as a whole when one of its messages is', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', requiresSession: true }] });
  const sender = connect(t, bus.connectionString).createSender('q');

  const error = await failure(sender.sendMessages([{ body: 'a', sessionId: 's' }, { body: 'b' }]));

  assert.match(error.message, /SessionId was not set/);
  assert.equal(bus.journal.total, 0);
});

test('a batch of several partition keys is refused by a partitioned entity alone', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }, { name: 'partitioned', partitioned: true }] });
  const client = connect(t, bus.connectionString);
  const mixed = [
    { body: 'a', partitionKey: 'k1' },
    { body: 'b', partitionKey: 'k2' },
  ];

  await client.createSender('q').sendMessages(mixed);
  const error = await failure(client.createSender('partitioned').sendMessages(mixed));

  assert.match(error.message, /distinct SessionId or PartitionKey/);
});

test('properties that are no map are no message, and nothing else suffers', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const raw = new RawClient(t, bus);
  const sender = await raw.openSender('q');

  const outcome = await raw.send(sender, Buffer.from([0x00, 0x53, 0x74, 0xa1, 0x01, 0x78]));

  assert.match(outcome, /^amqp:decode-error: .*neither a list nor a map/);
  assert.equal(await raw.send(sender, { body: 'x' }), 'accepted');
});

test('an entity that is full refuses more', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q', maxSizeBytes: 1_000 }] });
  const sender = connect(t, bus.connectionString).createSender('q');

  await sender.sendMessages({ body: Buffer.alloc(2_000) });

  assert.equal(await failureCode(sender.sendMessages({ body: 'one more' })), 'QuotaExceeded');
});

test('an entity that is not there, or disabled, cannot be sent to', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'off', disabled: true }] });
  const client = connect(t, bus.connectionString);

  assert.equal(
    await failureCode(client.createSender('none').sendMessages({ body: 'x' })),
    'MessagingEntityNotFound',
  );
  assert.equal(
    await failureCode(client.createSender('off').sendMessages({ body: 'x' })),
    'MessagingEntityDisabled',
  );
});

test('a topic without subscriptions stores nothing and still counts', async (t) => {
  const bus = await openBroker(t, { topics: [{ name: 'sink' }] }, { journal: { keep: 0 } });
  const sender = connect(t, bus.connectionString).createSender('sink');

  await sender.sendMessages([{ body: 'a' }, { body: 'b' }]);

  assert.equal(bus.journal.total, 2);
  assert.deepEqual(bus.journal.entries(3), []);
});

test('accepted and refused messages of one moment are told apart', async (t) => {
  // rhea joins the answers of one tick and once made a refused message an accepted one.
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = connect(t, bus.connectionString).createSender('q');
  const sizes = [1, 300_000, 1, 300_000, 300_000, 1];

  const outcomes = await Promise.allSettled(
    sizes.map((size, index) => sender.sendMessages({ messageId: `m${index}`, body: Buffer.alloc(size) })),
  );

  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(journalledIds(bus, 'q'), ['m0', 'm2', 'm5']);
});
