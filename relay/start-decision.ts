import type { Progress } from './outbox-store.ts';
import { type Lsn, maxLsn } from './replication/lsn.ts';
import type { SlotInfo } from './replication/slot.ts';

export type StartDecision =
  | { readonly kind: 'stream'; readonly from: Lsn }
  | { readonly kind: 'settle'; readonly why: string };

/**
 * Whether the stream can go on where it was, or the table has to be settled first because the slot does not stand where
 * this relay's progress says. `lastConfirmed`: how far this very process has confirmed the slot.
 */
export function decideStart(
  slot: SlotInfo | undefined,
  progress: Progress | undefined,
  publicationVersion: string,
  tableHasUnsettled: boolean,
  lastConfirmed: Lsn,
): StartDecision {
  if (!slot) return { kind: 'settle', why: 'there is no replication slot' };
  if (slot.lost) return { kind: 'settle', why: 'PostgreSQL has invalidated the replication slot' };
  if (progress?.settledLsn === undefined) {
    return { kind: 'settle', why: 'the table has not been settled for this replication slot' };
  }
  if (progress.publicationVersion !== publicationVersion) {
    return { kind: 'settle', why: 'the publication has been changed, and rows may have passed by it' };
  }
  const known = maxLsn(progress.settledLsn, lastConfirmed);
  if (slot.confirmedLsn > known && tableHasUnsettled) {
    return { kind: 'settle', why: 'the replication slot is ahead of what this relay has settled' };
  }
  // A slot that is behind has gone back in a crash of PostgreSQL; what it has forgotten is known here.
  return { kind: 'stream', from: maxLsn(progress.settledLsn, slot.confirmedLsn) };
}
