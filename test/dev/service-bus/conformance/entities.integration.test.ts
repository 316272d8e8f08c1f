import assert from 'node:assert/strict';
import { namespaceConfig } from '../../../../dev/service-bus/namespace-config.ts';
import { RawClient } from '../raw-client.ts';
import { connect, failure, failureCode, openBroker, soon } from '../support.ts';
import { conforms } from './conforms.ts';
import { docs, github } from './sources.ts';

const mebibyte = 1_048_576;

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
