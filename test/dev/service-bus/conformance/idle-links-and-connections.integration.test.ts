import assert from 'node:assert/strict';
import { once } from 'node:events';
import { limits } from '../../../../dev/service-bus/limits.ts';
import { until } from '../../../support/until.ts';
import { detachOf, RawClient } from '../raw-client.ts';
import { connect, openBroker } from '../support.ts';
import { conforms } from './conforms.ts';
import { sendOnNewLink } from './send-on-new-link.ts';
import { amqpErrors, github } from './sources.ts';

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
