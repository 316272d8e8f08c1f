import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createCluster, createOtherCluster } from '../../support/cluster.ts';
import {
  arrivals,
  createBus,
  insertEvent,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';

test('a dump that is restored into another cluster sends what was unsettled and nothing of what was sent, before and while the relay runs', async (t) => {
  const old = await createCluster(t);
  const bus = await createBus(t);
  const first = startRelay(t, { url: old.url, bus });
  await untilStreaming(first);
  for (let n = 1; n <= 20; n++) await insertEvent(old.pool, 'Sent', { aggregateId: 'o1' });
  await untilArrived(bus, 20);
  await untilAllMarked(old.pool);
  await first.stop();
  for (let n = 1; n <= 5; n++) await insertEvent(old.pool, `Waiting${n}`, { aggregateId: 'o1' });

  // What pg_dump and pg_restore do to a table.
  const file = join(old.postgres.dataDir, 'outbox.copy');
  await old.pool.query(`COPY outbox TO '${file}'`);
  const database = await createOtherCluster(t);
  await database.pool.query(`COPY outbox FROM '${file}'`);
  const second = startRelay(t, { url: database.url, bus });
  await untilArrived(bus, 25);
  await untilStreaming(second);
  await untilAllMarked(database.pool);
  await database.pool.query('TRUNCATE outbox');
  await database.pool.query(`COPY outbox FROM '${file}' WHERE processed_at IS NOT NULL`);
  await insertEvent(database.pool, 'New', { aggregateId: 'o1' });
  await untilAllMarked(database.pool);

  assert.deepEqual(
    arrivals(bus)
      .slice(20)
      .map(([subject]) => subject),
    ['Waiting1', 'Waiting2', 'Waiting3', 'Waiting4', 'Waiting5', 'New'],
  );
});
