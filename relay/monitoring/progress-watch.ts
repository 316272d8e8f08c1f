import type pg from 'pg';
import type { Logger } from '../../src/core/log.ts';
import { pause } from '../../src/core/pause.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import { OutboxAges } from './outbox-ages.ts';
import type { RelayMonitor } from './relay-monitor.ts';
import { BLOCKERS, type Blocker } from './relay-states.ts';

export interface ProgressWatchDeps {
  readonly pool: pg.Pool;
  readonly table: OutboxTable;
  readonly monitor: RelayMonitor;
  readonly log: Logger;
}

export interface ProgressWatchOptions {
  readonly everyMs: number;
  readonly stalledAfterMs: number;
}

/** An event that has been the oldest for so long does not move. */
export const STALLED_AFTER_MS = 12_000;

const USUAL: ProgressWatchOptions = { everyMs: 3_000, stalledAfterMs: STALLED_AFTER_MS };

/**
 * Tells the monitor when the oldest event that is not waiting for a person does not move, whatever the relay itself believes: the
 * table is asked. Until `ending`; never rejects. While the database does not answer there is nothing to tell: the session fails.
 */
export async function watchProgress(
  { pool, table, monitor, log }: ProgressWatchDeps,
  ending: AbortSignal,
  { everyMs, stalledAfterMs }: ProgressWatchOptions = USUAL,
): Promise<void> {
  const ages = new OutboxAges(pool, table);
  let oldest: { messageId: string; position: bigint; since: Date } | undefined;
  while (!ending.aborted) {
    await pause(everyMs, ending);
    if (ending.aborted) return;
    try {
      const found = await ages.oldestDue(oldest?.position ?? 0n);
      if (found?.messageId !== oldest?.messageId) oldest = found && { ...found, since: new Date() };
    } catch (err) {
      log.debug({ err }, 'Could not look for the oldest event');
      continue;
    }
    const isStalled = oldest !== undefined && Date.now() - oldest.since.getTime() >= stalledAfterMs;
    tell(monitor, log, isStalled ? oldest : undefined);
  }
}

function tell(
  monitor: RelayMonitor,
  log: Logger,
  oldest: { messageId: string; since: Date } | undefined,
): void {
  const before = monitor.blocked;
  if (!oldest) {
    monitor.blocked = undefined;
    if (before) log.info({ messageId: before.messageId }, 'The oldest event moves again');
    return;
  }
  const by = blockerOf(monitor);
  monitor.blocked = { messageId: oldest.messageId, since: oldest.since, by };
  if (before?.by === by) return;
  const { state, step } = monitor;
  const awayEntities = [...monitor.figures.away.keys()];
  log.error(
    { messageId: oldest.messageId, blockedBy: by, state, step, awayEntities },
    `The oldest event does not move: ${BLOCKERS[by]}${by === 'broker' ? ` (${awayEntities.join(', ')})` : ''}`,
  );
}

function blockerOf({ phase, figures, failedMarks }: RelayMonitor): Blocker {
  if (phase === 'standby') return 'other-relay';
  if (phase !== 'streaming' && phase !== 'settling') return 'session';
  if (figures.failures > 0) return 'broker';
  if (failedMarks > 0) return 'marking';
  return figures.lockedRows > 0 ? 'locked-row' : 'stream';
}
