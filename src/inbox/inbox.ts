import type pg from 'pg';
import type { Logger } from '../core/log.ts';
import { awaitSchema } from '../db/await-schema.ts';
import type { InboxMonitor } from './monitoring/inbox-monitor.ts';
import { watchInbox } from './monitoring/watch-inbox.ts';
import type { Receivers } from './receiving/open-receivers.ts';

/** The caller ends the pools, after `runInbox`. */
export interface InboxDeps {
  /** Of one connection, for those who ask whether the database is there. */
  readonly healthPool: pg.Pool;
  readonly monitor: InboxMonitor;
  readonly log: Logger;
  /** Begins to receive, and to wait for whatever is away. */
  readonly openReceivers: () => Receivers;
  /** Deletes old rows until `ending`; never rejects. Without it, they are kept for ever. */
  readonly retain?: ((ending: AbortSignal) => Promise<void>) | undefined;
  /** Between two looks at the database. */
  readonly watchEveryMs?: number;
}

/**
 * Receives until `stopping`, once there is a database with the schema; whatever is away is waited for. Resolves when what was in hand is
 * finished or let go; rejects only for what no waiting can mend.
 */
export async function runInbox(deps: InboxDeps, stopping: AbortSignal): Promise<void> {
  const { healthPool, monitor, log } = deps;
  monitor.phase = 'connecting';
  if (await awaitSchema(healthPool, log, stopping)) await receive(deps, stopping);
  monitor.phase = 'stopped';
}

async function receive(deps: InboxDeps, stopping: AbortSignal): Promise<void> {
  const { healthPool: pool, monitor, log } = deps;
  const besides = [watchInbox({ pool, monitor, log }, stopping, deps.watchEveryMs), deps.retain?.(stopping)];
  const receivers = deps.openReceivers();
  monitor.phase = 'receiving';
  log.info({ consumers: [...monitor.consumers.keys()] }, 'Receiving');
  await aborted(stopping);
  monitor.phase = 'draining';
  await receivers.close();
  await Promise.all(besides);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
