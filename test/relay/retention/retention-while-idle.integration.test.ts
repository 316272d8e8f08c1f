import { test } from 'node:test';
import { createCluster } from '../../support/cluster.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { insertEvent, startRelay, untilAllMarked, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

// It waited for the stored progress, which does not move in a server where nothing is written.

const parts = () => ({ retention: { keepMs: 1, everyMs: 20, pauseMs: 1 } });
/** Long before PostgreSQL would write something by itself. */
const SOON_MS = 15_000;

test('old rows are deleted although nothing else happens, after a restart too', async (t) => {
  const { url, pool } = await createCluster(t, { autovacuum: 'off' });
  const first = startRelay(t, { url, bus: new MemoryPublisher(), parts });
  await untilStreaming(first);

  await insertEvent(pool, 'One');
  await until('it is deleted', () => first.monitor.counts.deletedRows === 1, SOON_MS);
  await first.stop();

  const withoutRetention = startRelay(t, { url, bus: new MemoryPublisher() });
  await untilStreaming(withoutRetention);
  await insertEvent(pool, 'Two');
  await untilAllMarked(pool);
  await withoutRetention.stop();
  const second = startRelay(t, { url, bus: new MemoryPublisher(), parts });
  await until('it is deleted', () => second.monitor.counts.deletedRows === 1, SOON_MS);
});
