import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCluster } from '../../support/cluster.ts';
import { createBus, insertEvents, startRelay, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkDelivery } from '../support/delivery.ts';

/** Batches that a relay has under way at most: relay/publishing/service-bus/service-bus-publisher.ts. */
const WINDOW = 6;
const BACKLOG = 3_000;
const NAMES = ['eu', 'us', 'ap'];

// What a relay delivers is what it has under way, divided by how long the broker takes to answer: counted, the rate is the sum.
test('the relays of three servers have three times as much under way as one, and deliver the sum', async (t) => {
  const bus = await createBus(t);
  const systems = await Promise.all(
    NAMES.map(async (name) => {
      const { url, pool } = await createCluster(t);
      const relay = startRelay(t, { url, bus });
      await untilStreaming(relay);
      return { name, pool, relay };
    }),
  );
  const underWay = () => systems.map(({ relay }) => relay.monitor.figures.sendsInFlight);
  const fill = (db: (typeof systems)[number]) =>
    insertEvents(db.pool, BACKLOG, (n) => ({ type: 'Ev', aggregateId: `${db.name}-${n}` }));
  const [first, ...others] = systems;
  assert.ok(first);

  const slow = bus.faults.inject({ kind: 'latency', delayMs: 2_000 });
  await fill(first);
  await until('one relay is at its limit', () => underWay().join() === `${WINDOW},0,0`);
  await Promise.all([fill(first), ...others.map(fill)]);
  await until('all three are at theirs', () => underWay().every((batches) => batches === WINDOW));
  slow.heal();

  const repeats = await checkDelivery(
    systems.map(({ pool }) => pool),
    bus,
  );
  assert.deepEqual(
    systems.map(({ relay }) => relay.monitor.counts.published),
    [2 * BACKLOG, BACKLOG, BACKLOG],
  );
  assert.equal(bus.journal.total - repeats.length, 4 * BACKLOG);
});
