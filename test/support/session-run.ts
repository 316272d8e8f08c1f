import type { TestContext } from 'node:test';
import { RelayMonitor } from '../../relay/monitoring/relay-monitor.ts';
import { OutboxStore } from '../../relay/outbox/outbox-store.ts';
import { ObservedPublisher } from '../../relay/publishing/observed-publisher.ts';
import type { Publisher } from '../../relay/publishing/publisher.ts';
import { NOTHING_SEEN } from '../../relay/recovery/database-identity.ts';
import { ProgressStore } from '../../relay/recovery/progress-store.ts';
import type { Run } from '../../relay/session/run-session.ts';
import { createLogger } from '../../src/core/log.ts';
import { cleanup } from './cleanup.ts';
import { createDatabase } from './database.ts';
import { OUTBOX } from './outbox-table.ts';
import { slotOf } from './relay.ts';

/** What sessions run with, on a database of the test's own; stopped when the test ends. `now`: the clock of the publisher. */
export async function openRun(
  t: TestContext,
  publisher: Publisher,
  now = () => performance.now(),
): Promise<Run> {
  const { url, pool } = await createDatabase(t);
  const stopping = new AbortController();
  cleanup(t, async () => stopping.abort());
  return {
    pool,
    replicationUrl: url,
    table: OUTBOX,
    store: new OutboxStore(pool, OUTBOX),
    progress: new ProgressStore(pool, OUTBOX),
    publisher: new ObservedPublisher(publisher, now),
    publication: 'order_outbox',
    slot: slotOf(url),
    slotFailover: 'auto',
    walLimit: { bytes: 4 * 1024 ** 3, ms: 3_600_000, leastMs: 30_000 },
    retention: undefined,
    monitor: new RelayMonitor(),
    log: createLogger({ level: 'silent', service: 'test' }),
    random: Math.random,
    watchEveryMs: 20,
    stopping: stopping.signal,
    abandon: stopping.signal,
    onStep: () => undefined,
    memory: { seen: NOTHING_SEEN, recoveryRequested: false, streamingSince: undefined },
  };
}
