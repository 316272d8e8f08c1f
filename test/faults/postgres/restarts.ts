import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { StopMode } from '../../../dev/postgres.ts';
import { createCluster } from '../../support/cluster.ts';
import { createBus, startRelay, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkDelivery } from '../support/delivery.ts';
import { startLoad } from '../support/load.ts';
import { shortWaits } from '../support/short-waits.ts';

const MODES: readonly StopMode[] = ['kill', 'immediate', 'fast'];

/**
 * Crashes and stops PostgreSQL so often, under load, and starts it again at once. The relay outlives it; every event whose commit
 * was answered is there and has arrived, and none was sent twice: the slot goes back in a crash, what is settled does not.
 */
export async function restartUnderLoad(t: TestContext, rounds: number): Promise<void> {
  const { postgres, url, pool } = await createCluster(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus, parts: () => ({ random: shortWaits }) });
  await untilStreaming(relay);
  const load = startLoad(t, url, { everyMs: 2 });

  for (let round = 0; round < rounds; round++) {
    const { total } = bus.journal;
    await until('the relay has been at work', () => bus.journal.total > total + 200);
    await postgres.stop(MODES[round % MODES.length]);
    await postgres.start();
  }
  await load.stop();

  const repeats = await checkDelivery(pool, bus);
  const arrived = new Set(bus.journal.entries().map(({ messageId }) => messageId));
  assert.deepEqual(
    load.committed
      .keys()
      .filter((id) => !arrived.has(id))
      .toArray(),
    [],
    'acknowledged and not sent',
  );
  assert.deepEqual(repeats, []);
  assert.equal(relay.monitor.counts.recoveries, 1); // the first start: a gap would have been made good
  t.diagnostic(
    `${rounds} restarts, ${load.committed.size} events, ${relay.monitor.counts.sessions} sessions`,
  );
}
