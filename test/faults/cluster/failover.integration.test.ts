import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCluster, openPool } from '../../support/cluster.ts';
import {
  arrivals,
  createBus,
  insertEvent,
  startRelay,
  untilAllMarked,
  untilArrived,
} from '../../support/relay.ts';
import { openStandby, untilReplayed } from '../../support/standby.ts';
import { until } from '../../support/until.ts';

test('after a failover to a stand-by, which has no slot, the relay sends what is unsettled there and repeats nothing that is marked', async (t) => {
  const { postgres, ...database } = await createCluster(t);
  const standby = await openStandby(t, postgres);
  const bus = await createBus(t);
  const before = startRelay(t, { url: database.url, bus });
  for (let n = 1; n <= 20; n++) await insertEvent(database.pool, `Ev${n}`, { aggregateId: 'o1' });
  await untilArrived(bus, 20);
  await untilAllMarked(database.pool);
  await before.stop();
  for (let n = 21; n <= 30; n++) await insertEvent(database.pool, `Ev${n}`, { aggregateId: 'o1' });
  const replica = openPool(t, standby.url('orders'));
  await untilReplayed(database.pool, replica);
  await postgres.stop('kill');
  await replica.query('SELECT pg_promote()');
  const after = startRelay(t, { url: standby.url('orders'), bus });
  await insertEvent(replica, 'Ev31', { aggregateId: 'o1' });
  await untilAllMarked(replica);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    Array.from({ length: 31 }, (_, n) => `Ev${n + 1}`),
  );
  await until('it is ready', () => after.monitor.isReady);
});
