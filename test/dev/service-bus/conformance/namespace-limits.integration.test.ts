import assert from 'node:assert/strict';
import { once } from 'node:events';
import { limits } from '../../../../dev/service-bus/limits.ts';
import { until } from '../../../support/until.ts';
import { RawClient } from '../raw-client.ts';
import { connect, failure, failureCode, openBroker } from '../support.ts';
import { conforms } from './conforms.ts';
import { docs, github, quotas } from './sources.ts';

conforms(`${docs}/service-bus-throttling`, 'operations past those of a second are throttled', async (t) => {
  let nowMs = Date.now();
  const bus = await openBroker(
    t,
    { queues: [{ name: 'q' }], topics: [{ name: 't', subscriptions: [{ name: 'a' }, { name: 'b' }] }] },
    { limits: { creditsPerSecond: 4 }, now: () => nowMs },
  );
  const client = connect(t, bus.connectionString);
  const sender = client.createSender('q');

  for (let sent = 0; sent < 4; sent++) await sender.sendMessages({ body: 'x' });
  const error = await failure(sender.sendMessages({ body: 'x' }));
  nowMs += 1_000;
  // A topic costs a credit for each rule too.
  const toTopic = client.createSender('t');
  await toTopic.sendMessages([{ body: 'x' }, { body: 'x' }]);
  const afterTopic = await failureCode(toTopic.sendMessages({ body: 'x' }));
  nowMs += 1_000;
  // The change of a rule costs ten.
  await client.createRuleManager('t', 'a').createRule('none', { sqlExpression: '1=0' });
  const afterRule = await failureCode(sender.sendMessages({ body: 'x' }));

  assert.equal(error.code, 'ServiceBusy');
  assert.match(error.message, /being throttled\. Error code : 50009\. Please wait 2 seconds and try again/);
  assert.deepEqual([afterTopic, afterRule], ['ServiceBusy', 'ServiceBusy']);
  assert.equal(bus.journal.total, 6);
});

conforms(
  `${quotas} and ${github}/azure-service-bus/issues/3`,
  'a connection too many is refused',
  async (t) => {
    assert.equal(limits.connections.value, 5_000);
    const bus = await openBroker(t, { queues: [{ name: 'q' }] }, { limits: { connections: 1 } });
    const first = new RawClient(t, bus);
    await once(first.connection, 'connection_open');
    const second = new RawClient(t, bus);
    const isLetIn = (raw: RawClient) =>
      Promise.race([
        raw.putToken('q').then(() => true),
        once(raw.connection, 'connection_close').then(() => false),
      ]);

    assert.equal(await isLetIn(second), false);
    first.connection['socket'].destroy();

    assert.equal(second.closedWith, 'amqp:resource-limit-exceeded');
    await until('a place is free', () => isLetIn(new RawClient(t, bus)));
  },
);
