import { BucketCounts } from '../../src/core/bucket-counts.ts';
import { describeError } from '../../src/core/log.ts';
import { RECOVERY_REASONS, type RecoveryReason } from '../recovery/start-decision.ts';
import type { Delivered, Refusal } from './delivery-observer.ts';
import { type Blocker, RELAY_STATES, type RelayPhase } from './relay-states.ts';
import { NO_FIGURES, type SessionFigures } from './session-figures.ts';

const LATENCY_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800,
];
const BATCH_MESSAGES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** The oldest event, which does not move. */
export interface Blocked {
  readonly messageId: string;
  readonly since: Date;
  readonly by: Blocker;
}

/** What the relay is doing and has done, for whoever asks. Written by the relay, read by the health server. */
export class RelayMonitor {
  phase: RelayPhase = 'starting';
  phaseSince = new Date();
  /** What it is at within the phase, for people. */
  step: string | undefined;
  epoch: bigint | undefined;
  figures: SessionFigures = NO_FIGURES;
  /** Received and not settled, in memory. */
  unsettled = 0;
  /** Everything before it is settled: how far the server's WAL has been dealt with. */
  handledLsn = 0n;
  /** Marks that failed in a row. */
  failedMarks = 0;
  blocked: Blocked | undefined;
  lastPublishedAt: Date | undefined;
  #lastError: { at: Date; type: string; message: string; code?: string } | undefined;
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

  /** Seconds from the commit of an event until the broker accepted it, by two clocks: the server's and this process's. */
  readonly latency = new BucketCounts(LATENCY_SECONDS);
  /** Messages of a batch that was accepted. */
  readonly batchSizes = new BucketCounts(BATCH_MESSAGES);
  /** Messages that were accepted, by their destination. */
  readonly publishedTo = new Map<string, number>();
  /** Sends that failed, by the code of the error. */
  readonly refusals = new Map<string, number>();

  /** `now`: as `epochMs` has it. */
  accepted(batch: readonly Delivered[], now: number): void {
    this.counts.published += batch.length;
    this.lastPublishedAt = new Date(now);
    this.batchSizes.add(batch.length);
    const [{ destination } = { destination: '' }] = batch;
    this.publishedTo.set(destination, (this.publishedTo.get(destination) ?? 0) + batch.length);
    for (const { transaction } of batch) {
      const { committedAt } = transaction;
      // What is read from the table does not say when it was committed. Of two clocks, one may be ahead.
      if (committedAt !== undefined) this.latency.add(Math.max(0, now - committedAt) / 1_000);
    }
  }

  refused(refusal: Refusal): void {
    this.counts.rejectedBatches++;
    this.refusals.set(refusal.code, (this.refusals.get(refusal.code) ?? 0) + 1);
    this.failed(refusal);
  }

  recoveryBegun(reason: RecoveryReason): void {
    this.counts.recoveries++;
    this.recoveriesFor[reason]++;
  }

  enter(phase: RelayPhase): void {
    this.step = undefined;
    if (phase === this.phase) return;
    this.phase = phase;
    this.phaseSince = new Date();
  }

  /** `message`: what to tell instead of the error's own. */
  failed(error: unknown, message = describeError(error).message): void {
    const { type, code } = describeError(error);
    this.#lastError = { at: new Date(), type, message, ...(code !== undefined && { code }) };
  }

  /** The phase; or what is the matter in it. */
  get state(): RelayPhase {
    const sends = this.phase === 'streaming' || this.phase === 'settling';
    return sends && this.figures.failures > 0 ? 'broker-away' : this.phase;
  }

  /** The oldest unsettled event is moving, or there is none; a stand-by is ready if that is so. */
  get isReady(): boolean {
    return RELAY_STATES[this.state].ready && this.blocked === undefined;
  }

  /** The last error, and whether it is over: the relay is ready since. */
  get lastError() {
    return this.#lastError && { ...this.#lastError, isOver: this.isReady };
  }
}
