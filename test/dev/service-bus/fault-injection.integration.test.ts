import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceBusSender } from '@azure/service-bus';
import type { FaultKind } from '../../../dev/service-bus/faults.ts';
import { until } from '../../support/until.ts';
import { connect, failure, failureCode, journalledIds, openBroker } from './support.ts';

const refusing: readonly (readonly [FaultKind, string])[] = [
  ['busy', 'ServiceBusy'],
  ['sizeExceeded', 'MessageSizeExceeded'],
  ['quotaExceeded', 'QuotaExceeded'],
  ['refused', 'GeneralError'],
  ['notFound', 'MessagingEntityNotFound'],
  ['disabled', 'MessagingEntityDisabled'],
  ['unauthorized', 'UnauthorizedAccess'],
];

for (const [kind, code] of refusing) {
  test(`${kind} refuses as many sends as asked for, and stores none of them`, async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q' }] });
    const sender = connect(t, bus.connectionString).createSender('q');
    await sender.sendMessages({ body: 'x', messageId: 'before' });

    bus.faults.inject({ kind, times: 2 });
    const codes = [
      await failureCode(sender.sendMessages({ body: 'x' })),
      await failureCode(sender.sendMessages({ body: 'x' })),
    ];
    await sender.sendMessages({ body: 'x', messageId: 'after' });

    assert.deepEqual(codes, [code, code]);
    assert.deepEqual(journalledIds(bus, 'q'), ['before', 'after']);
  });
}

for (const [kind, code] of refusing.slice(4)) {
  test(`${kind} refuses a link as well`, async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q' }] });
    const client = connect(t, bus.connectionString);

    bus.faults.inject({ kind, at: 'attach' });

    assert.equal(await failureCode(client.createSender('q').sendMessages({ body: 'x' })), code);
  });
}

test('a fault of one subject strikes the sends that carry it, alone or in a batch, and no others', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = connect(t, bus.connectionString).createSender('q');
  const message = (messageId: string, subject: string) => ({ body: 'x', messageId, subject });

  const fault = bus.faults.inject({ kind: 'refused', subject: 'Bad' });
  await sender.sendMessages(message('m1', 'Good'));
  const codes = [
    await failureCode(sender.sendMessages(message('m2', 'Bad'))),
    await failureCode(sender.sendMessages([message('m3', 'Good'), message('m4', 'Bad')])),
  ];
  await sender.sendMessages([message('m5', 'Good'), message('m6', 'Good')]);

  assert.deepEqual(codes, ['GeneralError', 'GeneralError']);
  assert.deepEqual(journalledIds(bus, 'q'), ['m1', 'm5', 'm6']);
  assert.equal(fault.hits, 2);
});

test('a busy broker says how long to wait', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  bus.faults.inject({ kind: 'busy' });

  const error = await failure(connect(t, bus.connectionString).createSender('q').sendMessages({ body: 'x' }));

  assert.match(error.message, /Error code : 50009\. Please wait 2 seconds/);
});

test('a token is refused while unauthorized strikes put-token', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = connect(t, bus.connectionString).createSender('q');

  const fault = bus.faults.inject({ kind: 'unauthorized', at: 'putToken' });
  assert.equal(await failureCode(sender.sendMessages({ body: 'x' })), 'UnauthorizedAccess');
  fault.heal();
  await sender.sendMessages({ body: 'x' });

  assert.equal(bus.journal.total, 1);
});

test('a lost acknowledgement leaves the message stored and its sender waiting', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = impatientSender(t, bus.connectionString);

  bus.faults.inject({ kind: 'ackLost', times: 1 });
  const code = await failureCode(sender.sendMessages({ body: 'x', messageId: 'm1' }));
  await sender.sendMessages({ body: 'x', messageId: 'm2' });

  assert.equal(code, 'ServiceTimeout');
  assert.deepEqual(journalledIds(bus, 'q'), ['m1', 'm2']);
});

test('a hanging broker neither stores nor answers', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = impatientSender(t, bus.connectionString);

  bus.faults.inject({ kind: 'hang', times: 1 });

  assert.equal(await failureCode(sender.sendMessages({ body: 'x' })), 'ServiceTimeout');
  assert.equal(bus.journal.total, 0);
});

for (const [kind, stored] of [
  ['dropBeforeStore', ['after']],
  ['dropAfterStore', ['during', 'after']],
] as const) {
  test(`${kind} destroys the socket, and a new connection works`, async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q' }] });
    const sender = impatientSender(t, bus.connectionString);

    bus.faults.inject({ kind, times: 1 });
    await failure(sender.sendMessages({ body: 'x', messageId: 'during' }));
    await connect(t, bus.connectionString).createSender('q').sendMessages({ body: 'x', messageId: 'after' });

    assert.deepEqual(journalledIds(bus, 'q'), stored);
  });
}

for (const kind of ['detach', 'closeConnection'] as const) {
  test(`after ${kind} the next send opens anew`, async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q' }] });
    const sender = impatientSender(t, bus.connectionString);

    const fault = bus.faults.inject({ kind, times: 1 });
    await failure(sender.sendMessages({ body: 'x', messageId: 'during' }));
    await sender.sendMessages({ body: 'x', messageId: 'after' });

    assert.equal(fault.hits, 1);
    assert.deepEqual(journalledIds(bus, 'q'), ['after']);
  });
}

for (const kind of ['detachIdle', 'closeIdle'] as const) {
  test(`${kind} strikes an idle client once, and it can send again`, async (t) => {
    const bus = await openBroker(t, { queues: [{ name: 'q' }] });
    const sender = impatientSender(t, bus.connectionString);
    await sender.sendMessages({ body: 'x', messageId: 'before' });

    bus.faults.inject({ kind });
    await until('it can send again', () =>
      sender.sendMessages({ body: 'x', messageId: 'after' }).then(
        () => true,
        () => false, // begun before it has noticed
      ),
    );

    assert.deepEqual(journalledIds(bus, 'q'), ['before', 'after']);
  });
}

test('latency holds every answer back for as long, and not one after the other', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = connect(t, bus.connectionString).createSender('q');
  await sender.sendMessages({ body: 'x' });

  bus.faults.inject({ kind: 'latency', delayMs: 100 });
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: 50 }, () => sender.sendMessages({ body: 'x' })));
  const tookMs = performance.now() - startedAt;

  assert.ok(tookMs >= 95 && tookMs < 1_500, `${tookMs} ms`);
});

test('nobody listens while connections are refused', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });

  bus.faults.inject({ kind: 'refuseConnections' });
  const error = await connect(t, bus.connectionString)
    .createSender('q')
    .sendMessages({ body: 'x' })
    .catch((reason: unknown) => reason);
  bus.faults.heal();
  await connect(t, bus.connectionString).createSender('q').sendMessages({ body: 'x' });

  assert.match(String(error), /ECONNREFUSED/);
  assert.equal(bus.journal.total, 1);
});

test('a frozen broker goes quiet with its connections open, and thaws', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }] });
  const sender = impatientSender(t, bus.connectionString);
  await sender.sendMessages({ body: 'x', messageId: 'before' });

  bus.faults.inject({ kind: 'freeze' });
  const code = await failureCode(sender.sendMessages({ body: 'x', messageId: 'during' }));
  const journalledWhileFrozen = bus.journal.total;
  bus.faults.heal();
  await until('the frozen message is read', () => bus.journal.total === 2);

  assert.equal(code, 'ServiceTimeout');
  assert.equal(journalledWhileFrozen, 1);
  await sender.sendMessages({ body: 'x', messageId: 'after' });
});

test('a fault that is limited to one entity leaves the others alone', async (t) => {
  const bus = await openBroker(t, { queues: [{ name: 'q' }, { name: 'other' }] });
  const client = connect(t, bus.connectionString);

  bus.faults.inject({ kind: 'busy', entity: 'q' });

  await client.createSender('other').sendMessages({ body: 'x' });
  assert.equal(await failureCode(client.createSender('q').sendMessages({ body: 'x' })), 'ServiceBusy');
});

function impatientSender(t: Parameters<typeof connect>[0], connectionString: string): ServiceBusSender {
  const client = connect(t, connectionString, { retryOptions: { maxRetries: 0, timeoutInMs: 1_500 } });
  return client.createSender('q');
}
