import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ServiceBusClient } from '@azure/service-bus';
import type { FaultKind } from '../../../../dev/service-bus/faults.ts';
import type { LocalServiceBus } from '../../../../dev/service-bus/service-bus.ts';
import { PublishError } from '../../../../relay/publishing/publish-error.ts';
import { onLinkLost } from '../../../../relay/publishing/service-bus/link-loss.ts';
import { ServiceBusPublisher } from '../../../../relay/publishing/service-bus/service-bus-publisher.ts';
import { errorCode } from '../../../../src/core/errors.ts';
import { createLogger } from '../../../../src/core/log.ts';
import { cleanup } from '../../../support/cleanup.ts';
import { createBus } from '../../../support/relay.ts';
import { sendMessages } from '../../../support/send-messages.ts';
import { openTcpProxy } from '../../../support/tcp-proxy.ts';
import { until } from '../../../support/until.ts';
import { outboxMessage } from '../../outbox/outbox-messages.ts';

const log = createLogger({ level: 'silent', service: 'test' });

interface Subject {
  readonly bus: LocalServiceBus;
  readonly publisher: ServiceBusPublisher;
  /** How many connections it has opened. */
  readonly connections: () => number;
}

/** A connected publisher, behind a proxy that counts its connections. */
async function openPublisher(
  t: TestContext,
  options: { maxConnectionAgeMs?: number } = {},
): Promise<Subject> {
  const bus = await createBus(t);
  const proxy = await openTcpProxy(t, bus.port);
  const links = new Set<unknown>();
  proxy.onClientData = (_data, link) => links.add(link);
  const connectionString = bus.connectionString.replace(String(bus.port), String(proxy.port));
  const publisher = new ServiceBusPublisher(
    { connectionString, entity: 'orders', sessions: false, ...options },
    log,
  );
  cleanup(t, () => publisher.close());
  await publisher.connect('orders');
  return { bus, publisher, connections: () => links.size };
}

/** What a send fails with, by its code; 'sent' when it does not. */
async function outcome(publisher: ServiceBusPublisher, id: string): Promise<string> {
  try {
    await sendMessages(publisher, [outboxMessage(id)]);
    return 'sent';
  } catch (error) {
    assert.ok(error instanceof PublishError);
    return error.code === 'BROKER_UNREACHABLE' ? `unreachable: ${errorCode(error.cause)}` : error.code;
  }
}

// That the link can be listened to depends on the inside of the SDK: an update that moves it must be seen here, where the
// failure would be ServiceTimeout.
for (const kind of ['dropBeforeStore', 'dropAfterStore', 'closeConnection', 'detach'] satisfies FaultKind[]) {
  test(`sends in flight are rejected when the connection is lost (${kind}), and the next one opens another`, async (t) => {
    const { bus, publisher, connections } = await openPublisher(t);
    bus.faults.inject({ kind: 'hang', times: 2 });
    const inFlight = [outcome(publisher, 'a'), outcome(publisher, 'b')];
    await until('the broker has both', () => bus.faults.list().length === 0);
    bus.faults.inject({ kind, times: 1 });

    const outcomes = await Promise.all([...inFlight, outcome(publisher, 'c')]);
    const next = await outcome(publisher, 'd');

    assert.deepEqual(outcomes, Array(3).fill('ServiceCommunicationProblem'));
    assert.equal(next, 'sent');
    assert.equal(connections(), 2);
  });
}

// At once, they come to the broker in one piece, and its answers and the loss come back in one.
test('a send that the broker answers just before it detaches the link is not rejected', async (t) => {
  const { bus, publisher } = await openPublisher(t);
  bus.faults.inject({ kind: 'detach', times: 1, probability: 0.2, seed: 3 });

  const ids = Array.from({ length: 12 }, (_, n) => `m${n}`);
  const outcomes = await Promise.all(ids.map((id) => outcome(publisher, id)));

  const stored = bus.journal.entries().map(({ messageId }) => messageId);
  assert.ok(stored.length > 0 && stored.length < ids.length, `${stored.length} stored`);
  assert.deepEqual(
    ids.filter((_, n) => outcomes[n] === 'sent'),
    stored,
  );
});

test('a send that is not answered ends after its time limit, and the next one opens another connection', async (t) => {
  const { bus, publisher, connections } = await openPublisher(t);
  bus.faults.inject({ kind: 'hang', times: 1 });

  assert.deepEqual(
    [await outcome(publisher, 'a'), await outcome(publisher, 'b')],
    ['ServiceTimeout', 'sent'],
  );
  assert.equal(connections(), 2);
});

test('a broker that does not answer while a connection is opened is given up after the same time', async (t) => {
  const { bus, publisher } = await openPublisher(t, { maxConnectionAgeMs: 0 });
  const freeze = bus.faults.inject({ kind: 'freeze' });

  assert.equal(await outcome(publisher, 'a'), 'unreachable: ServiceTimeout');
  freeze.heal();
  assert.equal(await outcome(publisher, 'b'), 'sent');
});

test('a connection that has become too old is replaced by the next send', async (t) => {
  const fresh = await openPublisher(t);
  const old = await openPublisher(t, { maxConnectionAgeMs: 0 });

  for (const { publisher } of [fresh, old]) for (const id of ['a', 'b']) await outcome(publisher, id);

  assert.deepEqual([fresh.connections(), old.connections()], [1, 3]);
});

test('a sender of an SDK that is made otherwise is told from one that can be listened to', async (t) => {
  const bus = await createBus(t);
  const client = new ServiceBusClient(bus.connectionString);
  cleanup(t, () => client.close());
  const sender = client.createSender('orders');
  await sender.createMessageBatch();

  assert.equal(
    onLinkLost(sender, () => undefined),
    true,
  );
  assert.equal(
    onLinkLost({}, () => undefined),
    false,
  );
});
