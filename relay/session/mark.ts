import type { Lsn } from '../lsn.ts';
import type { Pending } from './pending.ts';

/** Messages to be marked in the table, and how far everything is settled once they are. */
export interface Mark {
  /** parked: those with a reason; the others are deferred, and wait in the table behind one that is parked. */
  readonly as: 'accepted' | 'parked';
  readonly messages: readonly Pending[];
  readonly settledLsn: Lsn;
  readonly markedLsn: Lsn;
  /** Rows that another session has locked are not waited for. */
  readonly skipLocked: boolean;
}

/** What came of a mark: rows that are not visible yet and must be marked again, and whether the progress was stored. */
export interface Marked {
  readonly again: readonly Pending[];
  /** Rows that another session has locked. */
  readonly locked?: readonly Pending[];
  /** Of those to be parked: what is not in the table any more, or was settled before, so that it holds up nothing. */
  readonly gone?: readonly Pending[];
  readonly progressStored: boolean;
}
