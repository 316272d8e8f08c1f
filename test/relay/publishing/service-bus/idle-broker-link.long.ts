import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { ServiceBusPublisher } from '../../../../relay/publishing/service-bus/service-bus-publisher.ts';
import { createLogger } from '../../../../src/core/log.ts';
import { cleanup } from '../../../support/cleanup.ts';
import { createBus } from '../../../support/relay.ts';
import { sendMessages } from '../../../support/send-messages.ts';
import { type Link, openTcpProxy } from '../../../support/tcp-proxy.ts';
import { until } from '../../../support/until.ts';
import { outboxMessage } from '../../outbox/outbox-messages.ts';

// The SDK asks the broker for a sign of life every 60 s and gives up after twice that and a second.
test('an idle connection to the broker that has become half open is given up in two minutes, and the next send opens another', async (t) => {
  const bus = await createBus(t);
  const proxy = await openTcpProxy(t, bus.port);
  const links = new Set<Link>();
  proxy.onClientData = (_data, link) => links.add(link);
  const connectionString = bus.connectionString.replace(String(bus.port), String(proxy.port));
  const log = createLogger({ level: 'silent', service: 'test' });
  const publisher = new ServiceBusPublisher({ connectionString, entity: 'orders', sessions: false }, log);
  cleanup(t, () => publisher.close());
  await publisher.connect('orders');
  const [link] = links;
  const silentSince = performance.now();

  link?.silence();
  await once(link?.client ?? proxyHasNoLink(), 'close');
  const noticedAfterS = Math.round((performance.now() - silentSince) / 1000);
  // The socket is closed a moment before the publisher is told.
  await until('a send succeeds', () =>
    sendMessages(publisher, [outboxMessage('a')]).then(
      () => true,
      () => false,
    ),
  );

  t.diagnostic(`noticed after ${noticedAfterS} s`);
  assert.equal(links.size, 2);
  assert.equal(bus.journal.total, 1);
});

function proxyHasNoLink(): never {
  throw new Error('Nothing has connected');
}
