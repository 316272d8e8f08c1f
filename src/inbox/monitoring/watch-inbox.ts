import type pg from 'pg';
import type { Logger } from '../../core/log.ts';
import { pause } from '../../core/pause.ts';
import type { Blocked } from './find-blocker.ts';
import type { InboxMonitor } from './inbox-monitor.ts';
import { BLOCKERS } from './inbox-states.ts';
import { countWaiting } from './waiting-rows.ts';

export interface InboxWatchDeps {
  /** Not that of the messages: whoever asks whether the database is there does not wait behind them. */
  readonly pool: pg.Pool;
  readonly monitor: InboxMonitor;
  readonly log: Logger;
}

const EVERY_MS = 3_000;

/**
 * Tells the monitor whether the database answers and how many messages wait in it, and the log, once each time, when messages do
 * not move and when they do again. Until `ending`; never rejects.
 */
export async function watchInbox(
  { pool, monitor, log }: InboxWatchDeps,
  ending: AbortSignal,
  everyMs = EVERY_MS,
): Promise<void> {
  let told: Blocked | undefined;
  while (!ending.aborted) {
    try {
      monitor.waiting = await countWaiting(pool);
      monitor.databaseAwaySince = undefined;
    } catch (err) {
      monitor.waiting = undefined;
      if (!monitor.databaseAwaySince && !ending.aborted)
        log.warn({ err }, 'The database does not answer; asking again');
      if (!ending.aborted) monitor.databaseAway(err);
    }
    told = tell(monitor.blocked, told, log);
    await pause(everyMs, ending);
  }
}

/** Returns what is told now. */
function tell(blocked: Blocked | undefined, before: Blocked | undefined, log: Logger): Blocked | undefined {
  if (!blocked && before) log.info('Messages move again');
  if (blocked && (blocked.by !== before?.by || blocked.consumer !== before?.consumer)) {
    const { by, ...of } = blocked;
    log.error({ blockedBy: by, ...of }, `Messages do not move: ${BLOCKERS[by]}`);
  }
  return blocked;
}
