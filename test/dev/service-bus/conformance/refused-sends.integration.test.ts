import assert from 'node:assert/strict';
import type { ServiceBusMessage } from '@azure/service-bus';
import { detachOf, RawClient } from '../raw-client.ts';
import { connect, failure, failureCode, openBroker } from '../support.ts';
import { conforms } from './conforms.ts';
import { sendOnNewLink } from './send-on-new-link.ts';
import { github, quotas, sdkTests } from './sources.ts';

const mebibyte = 1_048_576;

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
