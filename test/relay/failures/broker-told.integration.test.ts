import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceBusPublisher } from '../../../relay/publishing/service-bus/service-bus-publisher.ts';
import { createDatabase } from '../../support/database.ts';
import { openLog } from '../../support/log-lines.ts';
import { createBus, startRelay } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

const MISTAKES = [
  {
    name: 'an entity that is missing',
    entity: 'nope',
    key: (text: string) => text,
    told: /^Cannot reach Service Bus entity nope: .*\(MessagingEntityNotFound\): create the topic or queue, or correct SERVICEBUS_ENTITY or SERVICEBUS_ROUTES$/,
  },
  {
    name: 'a wrong key',
    entity: 'orders',
    key: (text: string) => text.replace(/SharedAccessKey=[^;]*/, 'SharedAccessKey=d3Jvbmc='),
    told: /^Cannot reach Service Bus entity orders: .*\(UnauthorizedAccess\): correct the key/,
  },
];

for (const { name, entity, key, told } of MISTAKES) {
  test(`${name} is one line of error with what to do, and the same text at the readiness`, async (t) => {
    const { url } = await createDatabase(t);
    const bus = await createBus(t);
    const { log, lines } = openLog();
    const publisher = new ServiceBusPublisher(
      { connectionString: key(bus.connectionString), entity, sessions: false },
      log,
    );
    const { monitor } = startRelay(t, { url, bus, parts: () => ({ log, publisher }) });

    await until('it is told twice', () => lines.filter(({ msg }) => told.test(msg)).length >= 2);

    assert.match(monitor.lastError?.message ?? '', told);
    assert.deepEqual([monitor.state, monitor.isReady], ['broker-away', false]);
    assert.deepEqual(
      lines.filter(({ level, msg }) => level !== 'info' && !(level === 'error' && told.test(msg))),
      [],
    );
  });
}
