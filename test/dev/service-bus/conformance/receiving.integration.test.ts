import assert from 'node:assert/strict';
import { connect, failure, openBroker, soon } from '../support.ts';
import { conforms } from './conforms.ts';
import { quotas, sdkTests } from './sources.ts';

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
