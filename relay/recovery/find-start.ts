import type pg from 'pg';
import type { Logger } from '../../src/core/log.ts';
import type { Lsn } from '../lsn.ts';
import { hasUnsettled } from '../outbox/has-unsettled.ts';
import type { OutboxStore } from '../outbox/outbox-store.ts';
import type { OutboxTable } from '../outbox/outbox-table.ts';
import type { ObservedPublisher } from '../publishing/observed-publisher.ts';
import { RelayError } from '../relay-error.ts';
import { inspectSlot, type SlotInfo } from '../replication/slot.ts';
import { type Cluster, inspectCluster } from './cluster.ts';
import { findSetBack, isConfirmedSince, type Seen } from './database-identity.ts';
import { dropSlot, makeSlot, type NewSlot } from './make-slot.ts';
import type { Progress, ProgressStore } from './progress-store.ts';
import { alterFailover, type SlotFailover } from './slot-failover.ts';
import { decideStart, RECOVERY_REASONS, type RecoveryReason } from './start-decision.ts';

export interface StartDeps {
  readonly pool: pg.Pool;
  readonly replicationUrl: string;
  readonly table: OutboxTable;
  readonly store: OutboxStore;
  readonly progress: ProgressStore;
  readonly publisher: ObservedPublisher;
  readonly slot: string;
  readonly slotFailover: SlotFailover;
  readonly log: Logger;
  /** Is told what is waited for, for people. */
  readonly onStep: (step: string) => void;
  readonly stopping: AbortSignal;
  readonly memory: {
    /** What this process has seen of the database. */
    seen: Seen;
    /** An operator has asked for a recovery from the table, and it was not begun yet. */
    recoveryRequested: boolean;
  };
}

export interface Start {
  readonly from: Lsn;
  /** The database as it was when this was decided. */
  readonly seen: Seen;
  /** Undefined when the stream goes on where it was. */
  readonly recovery: Recovery | undefined;
}

/** A slot that was made anew, and what the table held unsettled at that moment. */
export interface Recovery extends NewSlot {
  readonly reason: RecoveryReason;
}

/**
 * Finds where to begin, and makes the slot anew if it cannot be trusted. Throws SLOT_BUSY while another relay has it,
 * DATABASE_SET_BACK until an operator has confirmed the database, and a PublishError when the slot would have to be made and the
 * broker cannot be reached.
 */
export async function findStart(deps: StartDeps, publicationVersion: string): Promise<Start> {
  const { pool, slot, table, memory } = deps;
  // In this order: what is read later is never behind what was read before.
  const info = await inspectSlot(pool, slot);
  const progress = await deps.progress.find(slot);
  const cluster = await inspectCluster(pool);
  const seen = recall(deps, cluster, progress);
  memory.seen = seen;
  if (info?.active) throw new RelayError('SLOT_BUSY', `Another relay has the slot ${slot}`);
  const decision = decideStart({
    slot: info,
    progress,
    publicationVersion,
    recoveryRequested: memory.recoveryRequested,
    tableHasUnsettled: await hasUnsettled(pool, table),
    lastConfirmed: seen.confirmedLsn,
    walEnd: cluster.walEnd,
  });
  if (decision.kind === 'stream') await keepFailover(deps, info);
  if (decision.kind === 'stream') return { from: decision.from, seen, recovery: undefined };
  const recovery = await beginRecovery(deps, decision.reason, info, seen.epoch);
  memory.recoveryRequested = false;
  const begun = { ...seen, epoch: recovery.epoch, settledLsn: 0n, markedLsn: 0n, confirmedLsn: 0n };
  return { from: recovery.consistentLsn, seen: begun, recovery };
}

/** A slot of an earlier version, or of another setting, goes on as this setting says. */
async function keepFailover(
  { replicationUrl, slot, slotFailover, log, stopping }: StartDeps,
  info: SlotInfo | undefined,
): Promise<void> {
  if (info && (await alterFailover(replicationUrl, slot, info, slotFailover, stopping)))
    log.info(
      { slot, failover: !info.failover },
      'Altered whether stand-bys have a copy of the replication slot',
    );
}

/** Compares the database with what this process has seen of it, and returns what it sees now. */
function recall({ slot, log, memory }: StartDeps, cluster: Cluster, progress: Progress | undefined): Seen {
  const before = memory.seen;
  const found = findSetBack(cluster, progress, before);
  if (found) {
    throw new RelayError(
      'DATABASE_SET_BACK',
      `This is not the database that the relay of the slot ${slot} has worked on, or it was set back in time: ${found}. ` +
        'Consumers may have events that it does not know of, so nothing is sent. If the relay is to go on with it as it is, ' +
        'run: npm run outbox -- confirm (docs/runbook.md, "A database that was set back")',
    );
  }
  const confirmed = isConfirmedSince(progress, before);
  if (confirmed && before.epoch > 0n) {
    log.warn({ slot }, 'An operator has confirmed this database: going on with it as it is');
  }
  return {
    epoch: progress?.epoch ?? 0n,
    settledLsn: progress?.settledLsn ?? 0n,
    markedLsn: progress?.markedLsn ?? 0n,
    timeline: cluster.timeline,
    // What was confirmed on another timeline says nothing about the WAL of this one.
    confirmedLsn: !confirmed && before.timeline === cluster.timeline ? before.confirmedLsn : 0n,
    operatorConfirmedAt: progress?.operatorConfirmedAt,
  };
}

async function beginRecovery(
  deps: StartDeps,
  reason: RecoveryReason,
  info: SlotInfo | undefined,
  epoch: bigint,
): Promise<Recovery> {
  const { progress, publisher, slot, slotFailover, table, log, replicationUrl, onStep, stopping } = deps;
  try {
    // A slot that is made while nothing can be sent keeps WAL for nothing: what is unsettled waits in the table.
    await publisher.connectToAny();
  } catch (error) {
    const isStill = async () => ((await progress.find(slot))?.epoch ?? 0n) === epoch;
    if (info && (await dropSlot(replicationUrl, slot, isStill, stopping))) {
      log.warn(
        { slot, reason },
        'Dropped the replication slot; it is made anew when the broker can be reached',
      );
    }
    throw error;
  }
  // The first start of a relay is an ordinary thing; a slot that is gone later is not.
  log[epoch > 0n ? 'warn' : 'info'](
    { slot, reason },
    `Recovering from the table: ${RECOVERY_REASONS[reason]}`,
  );
  onStep('making the replication slot, which waits for transactions that are open');
  const made = await makeSlot({
    url: replicationUrl,
    name: slot,
    table,
    failover: slotFailover,
    onLocked: () => progress.restart(slot, epoch),
    stopping,
  });
  const unsettled = made.positions.length;
  log.info({ slot, unsettled }, 'Made the replication slot; publishing the unsettled rows first');
  return { ...made, reason };
}
