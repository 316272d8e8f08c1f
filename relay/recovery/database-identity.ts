import { formatLsn, type Lsn } from '../lsn.ts';
import type { Cluster } from './cluster.ts';
import type { Progress } from './progress-store.ts';

/** How far a relay has seen its progress stored. In the same database it only grows. */
export interface Stored {
  /** 0: there was no progress. */
  readonly epoch: bigint;
  /** 0 while the table has not been settled for this slot. */
  readonly settledLsn: Lsn;
  readonly markedLsn: Lsn;
}

/** What a relay process has seen of its database. */
export interface Seen extends Stored {
  readonly timeline: number;
  /** How far it has confirmed the slot. */
  readonly confirmedLsn: Lsn;
  readonly operatorConfirmedAt: Date | undefined;
}

export const NOTHING_SEEN: Seen = {
  epoch: 0n,
  settledLsn: 0n,
  markedLsn: 0n,
  timeline: 0,
  confirmedLsn: 0n,
  operatorConfirmedAt: undefined,
};

/**
 * What shows that this is not the database that the relay's progress was written in, or that it was set back in time;
 * undefined if nothing does. Then it may not know of events that consumers have: only an operator can say whether to go on.
 */
export function findSetBack(
  cluster: Cluster,
  progress: Progress | undefined,
  seen: Seen,
): string | undefined {
  if (progress && progress.systemIdentifier !== cluster.systemIdentifier) {
    return `its progress was written in the cluster ${progress.systemIdentifier}, and this is the cluster ${cluster.systemIdentifier}`;
  }
  if (progress && progress.timeline > cluster.timeline) {
    return `its progress was written on timeline ${progress.timeline}, and this server is on timeline ${cluster.timeline}`;
  }
  if (isConfirmedSince(progress, seen)) return undefined;
  if (isBehind(progress, seen)) {
    const found = progress ? describe(progress) : 'no progress at all';
    const timelines =
      cluster.timeline > seen.timeline ? `, on timeline ${cluster.timeline} after ${seen.timeline}` : '';
    return `it has ${found}${timelines}, and this relay has seen ${describe(seen)}`;
  }
  if (cluster.timeline === seen.timeline && cluster.walEnd < seen.confirmedLsn) {
    return `its WAL ends at ${formatLsn(cluster.walEnd)}, and this relay has confirmed ${formatLsn(seen.confirmedLsn)}`;
  }
  return undefined;
}

/** Whether an operator has said, since then, that the relay is to go on. */
export function isConfirmedSince(progress: Progress | undefined, seen: Seen): boolean {
  const confirmedAt = progress?.operatorConfirmedAt;
  return confirmedAt !== undefined && confirmedAt > (seen.operatorConfirmedAt ?? new Date(0));
}

/** Whether this is an earlier state of the progress. A later epoch may begin again at 0. */
export function isBehind(progress: Progress | undefined, seen: Stored): boolean {
  const { epoch = 0n, settledLsn = 0n, markedLsn = 0n } = progress ?? {};
  return (
    epoch < seen.epoch ||
    (epoch === seen.epoch && (settledLsn < seen.settledLsn || markedLsn < seen.markedLsn))
  );
}

function describe({ epoch, settledLsn = 0n, markedLsn }: Progress | Stored): string {
  return `epoch ${epoch}, settled to ${formatLsn(settledLsn)}, marked to ${formatLsn(markedLsn)}`;
}
