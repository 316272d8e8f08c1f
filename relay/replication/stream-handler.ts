import type { Lsn } from '../lsn.ts';
import type { WalEvent } from './outbox-decoder.ts';

/** Who gets what a stream brings. */
export interface StreamHandler {
  onEvent(event: WalEvent): void;
  /** The server's position: everything before it has been handed on. */
  onKeepalive(lsn: Lsn): void;
  /** Everything before it is settled and a restart knows it: what may be confirmed. */
  readonly storedLsn: Lsn;
  /** Everything before it is settled. Confirmed only to a server that is stopping and waits for just that. */
  readonly handledLsn: Lsn;
}
