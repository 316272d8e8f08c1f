import type { Lsn } from '../../../../relay/lsn.ts';

export interface Row {
  readonly id: string;
  /** Undefined: it belongs to no order. */
  readonly order: string | undefined;
  readonly destination: string;
  /** Inserted as processed already. */
  readonly history: boolean;
  /** Deleted by the transaction that inserted it: never in the table, but in the WAL. */
  readonly ephemeral: boolean;
  settled: boolean;
  parked: boolean;
  /** It waits for an operator. */
  deferred: boolean;
  dropped: boolean;
  transaction: WalTransaction | undefined;
}

export interface WalTransaction {
  readonly xid: number;
  readonly commitLsn: Lsn;
  readonly endLsn: Lsn;
  readonly rows: readonly Row[];
  /** Whose orders an operator wants sent. */
  readonly redrives: readonly Row[];
  /** The WAL shows a commit a moment before other sessions see it. */
  visibleAt: number;
}
