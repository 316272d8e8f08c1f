import { describeError } from '../../src/core/log.ts';
import { RECOVERY_REASONS, type RecoveryReason } from '../recovery/start-decision.ts';

export type RelayPhase =
  | 'starting'
  | 'connecting'
  | 'settling'
  | 'streaming'
  | 'draining'
  | 'standby'
  | 'waiting'
  | 'broker-away'
  | 'set-back'
  | 'stopped';

/** What the relay is doing and has done, for whoever asks. Written by the relay, read by the health server. */
export class RelayMonitor {
  phase: RelayPhase = 'starting';
  phaseSince = new Date();
  epoch: bigint | undefined;
  /** Consecutive failed sends; 0: the last one succeeded, or none was needed. */
  failedSends = 0;
  unsettled = 0;
  /** Orders of which nothing is sent because a message of theirs is parked. */
  parkedOrders = 0;
  /** Everything before it is settled: how far the server's WAL has been dealt with. */
  handledLsn = 0n;
  lastPublishedAt: Date | undefined;
  lastError: { at: Date; type: string; message: string; code?: string } | undefined;
  readonly counts = {
    received: 0,
    published: 0,
    settled: 0,
    alreadySettled: 0,
    parked: 0,
    deferred: 0,
    redriven: 0,
    rejectedBatches: 0,
    sessions: 0,
    recoveries: 0,
    deletedRows: 0,
    slotsLetGo: 0,
  };
  /** Recoveries from the table by what made them necessary. */
  readonly recoveriesFor = Object.fromEntries(
    Object.keys(RECOVERY_REASONS).map((reason) => [reason, 0]),
  ) as Record<RecoveryReason, number>;

  recoveryBegun(reason: RecoveryReason): void {
    this.counts.recoveries++;
    this.recoveriesFor[reason]++;
  }

  enter(phase: RelayPhase): void {
    if (phase === this.phase) return;
    this.phase = phase;
    this.phaseSince = new Date();
  }

  /** `message`: what to tell instead of the error's own. */
  failed(error: unknown, message = describeError(error).message): void {
    const { type, code } = describeError(error);
    this.lastError = { at: new Date(), type, message, ...(code !== undefined && { code }) };
  }

  /** Streaming and the last send succeeded or nothing to send; a stand-by is ready too. */
  get isReady(): boolean {
    return this.phase === 'standby' || (this.phase === 'streaming' && this.failedSends === 0);
  }
}
