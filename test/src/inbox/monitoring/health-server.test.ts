import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildHealthServer } from '../../../../src/inbox/monitoring/health-server.ts';
import { InboxMonitor } from '../../../../src/inbox/monitoring/inbox-monitor.ts';
import { metricFaults, ownMetrics, seriesOf } from '../../../support/metrics.ts';
import { receivedMessage } from '../../../support/received-message.ts';

const CONSUMER = 'inventory/order-service';

function open(t: { after(fn: () => Promise<unknown>): void }) {
  const monitor = new InboxMonitor([CONSUMER], ['InventoryInsufficient']);
  monitor.connected(CONSUMER);
  const server = buildHealthServer(monitor);
  t.after(() => server.close());
  return { monitor, server };
}

test('it is live at once, and ready only while it receives', async (t) => {
  const { monitor, server } = open(t);

  const live = await server.inject('/health/live');
  const early = await server.inject('/health/ready');
  monitor.phase = 'receiving';
  const ready = await server.inject('/health/ready');
  monitor.away(CONSUMER, Object.assign(new Error('no entity'), { code: 'MessagingEntityNotFound' }));
  const away = await server.inject('/health/ready');

  assert.deepEqual(
    [live, early, ready, away].map(({ statusCode }) => statusCode),
    [200, 503, 200, 503],
  );
  assert.equal(early.json().state, 'starting');
  assert.deepEqual(ready.json(), { status: 'ready', state: 'receiving', blockedBy: null, lastError: null });
  const { status, state, blockedBy, lastError } = away.json();
  assert.deepEqual([status, state, blockedBy], ['not ready', 'broker-away', 'broker']);
  assert.deepEqual(
    [lastError.message, lastError.code, lastError.isOver],
    ['no entity', 'MessagingEntityNotFound', false],
  );
});

test('the status tells of each consumer what it has done and is at', async (t) => {
  const { monitor, server } = open(t);
  monitor.phase = 'receiving';
  monitor.waiting = new Map([[CONSUMER, 2]]);
  const messages = ['m1', 'm2', 'm3'].map((messageId) => receivedMessage({ messageId }));
  for (const message of messages) monitor.of(CONSUMER).begun(message);
  const [first = receivedMessage(), second = receivedMessage()] = messages;
  monitor.of(CONSUMER).ended(first, { kind: 'complete' });
  monitor.became(CONSUMER, first, 'handled');
  monitor.of(CONSUMER).ended(second, { kind: 'complete' });
  monitor.became(CONSUMER, second, 'repeat');

  const { consumers, ...rest } = (await server.inject('/status')).json();

  const { oldestInHand, ...figures } = consumers[CONSUMER];
  assert.equal(oldestInHand.messageId, 'm3');
  assert.deepEqual(figures, {
    received: 3,
    fates: { handled: 1, repeat: 1, ignored: 0, 'dead-lettered': 0, held: 0, released: 0 },
    inHand: 1,
    awaySince: null,
    lastError: null,
    waiting: 2,
  });
  assert.deepEqual(rest, { state: 'receiving', ready: true, blocked: null, deletedRows: 0, lastError: null });
});

test('while the database does not answer, how many wait is not known', async (t) => {
  const { monitor, server } = open(t);
  monitor.databaseAwaySince = new Date();

  const { consumers } = (await server.inject('/status')).json();
  const { body } = await server.inject('/metrics');

  assert.equal(consumers[CONSUMER].waiting, null);
  assert.doesNotMatch(body, /^inbox_waiting/m);
});

test('the metrics have well-formed names, begin at 0 and count', async (t) => {
  const { monitor, server } = open(t);
  monitor.phase = 'receiving';
  monitor.waiting = new Map([['removed', 1]]);
  monitor.became(CONSUMER, receivedMessage(), 'handled');

  const { body } = await server.inject('/metrics');

  const series = seriesOf(body);
  const of = (type: string, fate: string) =>
    series.get(`inbox_messages_total{consumer="${CONSUMER}",type="${type}",fate="${fate}"}`);
  assert.deepEqual(ownMetrics(body).flatMap(metricFaults), []);
  assert.deepEqual([of('InventoryInsufficient', 'handled'), of('other', 'dead-lettered')], [1, 0]);
  assert.equal(series.get(`inbox_accepted_to_committed_seconds_count{consumer="${CONSUMER}"}`), 1);
  assert.deepEqual(
    [series.get(`inbox_waiting{consumer="${CONSUMER}"}`), series.get('inbox_waiting{consumer="removed"}')],
    [0, 1],
  );
  assert.deepEqual(
    [series.get('inbox_ready'), series.get(`inbox_receiving{consumer="${CONSUMER}"}`)],
    [1, 1],
  );
  assert.match(body, /^process_cpu_seconds_total/m);
});
