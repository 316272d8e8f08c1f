import type pg from 'pg';
import type { Logger } from '../core/log.ts';
import { untilAborted } from '../core/pause.ts';
import { awaitSchema } from '../db/await-schema.ts';
import type { Migrations } from '../db/migrations.ts';
import type { InboxMonitor } from './monitoring/inbox-monitor.ts';
import { watchInbox } from './monitoring/watch-inbox.ts';
import type { Receivers } from './receiving/open-receivers.ts';

/** Until `ending`; never rejects. */
export type Chore = (ending: AbortSignal) => Promise<void>;

/** A chore of what is started, and stopped when it is to end. */
export const choreOf =
  (start: () => { stop(): Promise<void> }): Chore =>
  async (ending) => {
    const started = start();
    await untilAborted(ending);
    await started.stop();
  };

/** The caller ends the pools, after `runInbox`. */
export interface InboxDeps {
  /** Of one connection, for those who ask whether the database is there. */
  readonly healthPool: pg.Pool;
  readonly monitor: InboxMonitor;
  readonly log: Logger;
  /** That have to be applied before anything is received. Default: those of the order service. */
  readonly migrations?: Migrations | undefined;
  /** Begins to receive, and to wait for whatever is away. */
  readonly openReceivers: () => Receivers;
  /** What is done beside receiving. */
  readonly chores?: readonly Chore[];
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
  if (await awaitSchema(healthPool, log, stopping, deps.migrations)) await receive(deps, stopping);
  monitor.phase = 'stopped';
}

async function receive(deps: InboxDeps, stopping: AbortSignal): Promise<void> {
  const { healthPool: pool, monitor, log, chores = [] } = deps;
  const besides = [
    watchInbox({ pool, monitor, log }, stopping, deps.watchEveryMs),
    ...chores.map((chore) => chore(stopping)),
  ];
  const receivers = deps.openReceivers();
  monitor.phase = 'receiving';
  log.info({ consumers: [...monitor.consumers.keys()] }, 'Receiving');
  await untilAborted(stopping);
  monitor.phase = 'draining';
  await receivers.close();
  await Promise.all(besides);
}
