import assert from 'node:assert/strict';
import { connect, failure, journalledIds, openBroker } from '../support.ts';
import { conforms } from './conforms.ts';
import { github } from './sources.ts';

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
