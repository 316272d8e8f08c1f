import type { TestContext } from 'node:test';
import type pg from 'pg';
import type { InjectedFault } from '../../../dev/service-bus/faults.ts';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { DEFAULT_LIMITS } from '../../../relay/session/relay-limits.ts';
import { createDatabase } from '../../support/database.ts';
import { type NetworkedRelay, startNetworkedRelay } from '../../support/networked-relay.ts';
import { createBus, insertEvents } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

/** All that an order has under way at a time. */
export const BATCH = 250;
/** More than a relay reads ahead: it has paused its stream, and hears nothing on it. */
export const BACKLOG = 100 * BATCH;

export interface Pair {
  readonly pool: pg.Pool;
  readonly bus: LocalServiceBus;
  readonly first: NetworkedRelay;
  readonly second: NetworkedRelay;
  /** The broker's answers are late, so that the backlog lasts. */
  readonly slow: InjectedFault;
}

/** Two relays: the first is in the midst of a backlog of one order, a batch under way; the second stands by. */
export async function startPair(t: TestContext, options: { duplicateWindowMs: number }): Promise<Pair> {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t, options);
  const first = await startNetworkedRelay(t, { url, bus });
  await first.untilState('streaming');
  const second = await startNetworkedRelay(t, { url, bus });
  await second.untilState('standby');

  const slow = bus.faults.inject({ kind: 'latency', delayMs: 200 });
  await insertEvents(pool, BACKLOG, (n) => ({ type: `Ev${n}`, aggregateId: 'o1' }));
  await until('it is in the midst of its backlog', async () => {
    const { unsettledInMemory = 0 } = (await first.status()) ?? {};
    return unsettledInMemory >= DEFAULT_LIMITS.maxUnsettled && bus.journal.total >= 2 * BATCH;
  });
  return { pool, bus, first, second, slow };
}
