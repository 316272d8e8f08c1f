import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublisherLimits } from '../../../relay/publishing/publisher.ts';
import type { RelayDeps } from '../../../relay/relay.ts';
import { createCluster } from '../../support/cluster.ts';
import { createBus, insertEvents, startRelay, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkDelivery } from '../support/delivery.ts';

const BACKLOG = 3_000;
const NAMES = ['eu', 'us', 'ap'];

// What a relay delivers is what it has under way, divided by how long the broker takes to answer: counted, the rate is the sum.
test('the relays of three servers have three times as much under way as one, and deliver the sum', async (t) => {
  const bus = await createBus(t);
  const systems = await Promise.all(
    NAMES.map(async (name) => {
      const { url, pool } = await createCluster(t);
      const limits: PublisherLimits[] = [];
      const parts = ({ publisher }: RelayDeps) => {
        limits.push(publisher.limits);
        return {};
      };
      const relay = startRelay(t, { url, bus, parts });
      await untilStreaming(relay);
      return { name, pool, relay, mostUnderWay: limits[0]?.maxInFlight ?? 0 };
    }),
  );
  const underWay = () => systems.map(({ relay }) => relay.monitor.figures.sendsInFlight);
  const fill = (db: (typeof systems)[number]) =>
    insertEvents(db.pool, BACKLOG, (n) => ({ type: 'Ev', aggregateId: `${db.name}-${n}` }));
  const [first, ...others] = systems;
  assert.ok(first && first.mostUnderWay > 0);

  const slow = bus.faults.inject({ kind: 'latency', delayMs: 2_000 });
  await fill(first);
  await until('one relay is at its limit', () => underWay().join() === `${first.mostUnderWay},0,0`);
  await Promise.all([fill(first), ...others.map(fill)]);
  await until(
    'all three are at theirs',
    () => underWay().join() === systems.map((each) => each.mostUnderWay).join(),
  );
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
