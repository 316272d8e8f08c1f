import { type Lsn, maxLsn } from '../lsn.ts';
import type { SlotInfo } from '../replication/slot.ts';
import type { Progress } from './progress-store.ts';

/** Why the slot is made anew and the table settled, by the label of the metric. */
export const RECOVERY_REASONS = {
  requested: 'an operator has asked for it',
  slot_missing: 'there is no replication slot',
  slot_lost: 'PostgreSQL has invalidated the replication slot',
  not_settled: 'the table has not been settled for this replication slot',
  publication_changed: 'the publication has been changed, and rows may have passed by it',
  beyond_wal: 'the write-ahead log ends before the position to stream from',
  slot_ahead: 'the replication slot is ahead of what this relay has settled',
} as const;

export type RecoveryReason = keyof typeof RECOVERY_REASONS;

export type StartDecision =
  | { readonly kind: 'stream'; readonly from: Lsn }
  | { readonly kind: 'recover'; readonly reason: RecoveryReason };

export interface Standing {
  readonly slot: SlotInfo | undefined;
  readonly progress: Progress | undefined;
  readonly publicationVersion: string;
  /** By an operator. */
  readonly recoveryRequested: boolean;
  readonly tableHasUnsettled: boolean;
  /** How far this very process has confirmed the slot, on the timeline that the server is on. */
  readonly lastConfirmed: Lsn;
  readonly walEnd: Lsn;
}

/**
 * Whether the stream can go on where it was, or the table has to be settled first because the slot does not stand where
 * this relay's progress says.
 */
export function decideStart(standing: Standing): StartDecision {
  const { slot, progress } = standing;
  if (standing.recoveryRequested) return { kind: 'recover', reason: 'requested' };
  if (!slot) return { kind: 'recover', reason: 'slot_missing' };
  if (slot.lost) return { kind: 'recover', reason: 'slot_lost' };
  if (progress?.settledLsn === undefined) return { kind: 'recover', reason: 'not_settled' };
  if (progress.publicationVersion !== standing.publicationVersion) {
    return { kind: 'recover', reason: 'publication_changed' };
  }
  // A slot that is behind has gone back in a crash of PostgreSQL; what it has forgotten is known here.
  const from = maxLsn(progress.settledLsn, slot.confirmedLsn);
  // A server that was promoted before it had all WAL would pass over what it writes up to there.
  if (from > standing.walEnd) return { kind: 'recover', reason: 'beyond_wal' };
  const known = maxLsn(progress.settledLsn, standing.lastConfirmed);
  if (slot.confirmedLsn > known && standing.tableHasUnsettled) {
    return { kind: 'recover', reason: 'slot_ahead' };
  }
  return { kind: 'stream', from };
}
