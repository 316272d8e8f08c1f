import { backoffMs } from './backoff.ts';
import { type OutboxMessage, wireBytes } from './outbox-message.ts';
import { Lanes } from './publishing/lanes.ts';
import type { PublishFailure } from './publishing/publish-failure.ts';
import { SendGate } from './publishing/send-gate.ts';
import type { Transaction } from './replication/ack-tracker.ts';
import type { Lsn } from './replication/lsn.ts';
import { type Mark, type MarkOutcome, type Pending, Settlement } from './settlement.ts';

export type Effect =
  | { readonly kind: 'verify'; readonly messages: readonly Pending[] }
  | { readonly kind: 'send'; readonly batch: readonly Pending[] }
  | { readonly kind: 'mark'; readonly mark: Mark };

export interface RelayLimits {
  readonly sessions: boolean;
  readonly maxInFlight: number;
  readonly maxBatchCount: number;
  /** Beyond so many unsettled messages or bytes nothing more is read. */
  readonly maxUnsettled: number;
  readonly maxUnsettledBytes: number;
  readonly markCount: number;
  readonly markAfterMs: number;
}

export const DEFAULT_LIMITS: Omit<RelayLimits, 'sessions'> = {
  maxInFlight: 4,
  maxBatchCount: 250,
  maxUnsettled: 20_000,
  maxUnsettledBytes: 32 * 1024 * 1024,
  markCount: 1_000,
  markAfterMs: 50,
};

const VERIFY_COUNT = 1_000;
/** As after so many failures in a row: what is refused for itself is not tried again soon. */
const POISON_BACKOFF_FAILURES = 10;

/**
 * Every decision of the relay between one connection to PostgreSQL and the next: what is sent when, what is marked, what
 * may be acknowledged. No I/O, no clock: events go in by methods, and `next` tells what to do.
 */
export class RelayState {
  readonly #limits: RelayLimits;
  readonly #random: () => number;
  readonly #lanes = new Lanes<Pending>();
  readonly #gate: SendGate;
  readonly #settlement: Settlement;
  /** Rows that committed up to here may have been settled by an earlier run, so the table is asked first. */
  readonly #verifyUpTo: Lsn;

  #open: Transaction | undefined;
  #unverified: Pending[] = [];
  #verifying = false;
  #resting: { batch: readonly Pending[]; until: number }[] = [];
  #draining = false;
  #unsettled = 0;
  #unsettledBytes = 0;

  constructor(options: { limits: RelayLimits; random: () => number; settledLsn: Lsn; markedLsn: Lsn }) {
    const { limits, random, settledLsn, markedLsn } = options;
    this.#limits = limits;
    this.#random = random;
    this.#gate = new SendGate(limits.maxInFlight, random);
    this.#settlement = new Settlement({ ...limits, settledLsn, markedLsn });
    this.#verifyUpTo = markedLsn;
  }

  // What arrives from the WAL, or from the table as one transaction.

  begin(commitLsn: Lsn, xid: number): void {
    this.#open = this.#settlement.begin(commitLsn, xid);
  }

  insert(message: OutboxMessage): void {
    const transaction = this.#open;
    if (!transaction) throw new Error('A row outside of a transaction');
    const { sessions } = this.#limits;
    const lane = message.aggregateId ?? (sessions ? message.messageId : undefined);
    const pending: Pending = { message, transaction, lane, bytes: wireBytes(message), alone: false };
    transaction.unsettled++;
    this.#unsettled++;
    this.#unsettledBytes += pending.bytes;
    // Nothing passes a row that is still to be looked up: it may be of the same order.
    const behind = this.#verifying || this.#unverified.length > 0;
    if (behind || transaction.commitLsn <= this.#verifyUpTo) this.#unverified.push(pending);
    else this.#lanes.push(pending);
  }

  commit(endLsn: Lsn): void {
    if (!this.#open) throw new Error('A commit outside of a transaction');
    this.#settlement.commit(this.#open, endLsn);
    this.#open = undefined;
  }

  /** The server's position: everything before it has been received. It counts only if everything is settled too. */
  keepalive(lsn: Lsn): void {
    this.#settlement.keepalive(lsn);
  }

  // What came of the effects.

  verified(messages: readonly Pending[], settledIds: ReadonlySet<string>): void {
    this.#verifying = false;
    const settled = messages.filter(({ message }) => settledIds.has(message.messageId));
    this.#settlement.settle(settled);
    this.#forget(settled);
    for (const pending of messages) {
      if (!settledIds.has(pending.message.messageId)) this.#lanes.push(pending);
    }
  }

  accepted(batch: readonly Pending[], now: number): void {
    this.#gate.accepted(now);
    this.#settlement.accept(batch, now);
    this.#lanes.release(batch);
  }

  /** Returns when the batch is tried again. */
  rejected(batch: readonly Pending[], failure: PublishFailure, now: number): number {
    if (failure.kind !== 'poison') {
      this.#lanes.restore(batch);
      return this.#gate.refused(failure, now);
    }
    this.#gate.refusedAlone();
    if (batch.length === 1) {
      // Only its own order waits for it.
      const until = now + backoffMs(POISON_BACKOFF_FAILURES, this.#random);
      this.#resting.push({ batch, until });
      return until;
    }
    for (const pending of batch) pending.alone = true;
    this.#lanes.restore(batch);
    return now;
  }

  marked(mark: Mark, outcome: MarkOutcome, now: number): void {
    this.#forget(this.#settlement.marked(mark, outcome, now));
  }

  // Decisions.

  /** The next thing to do now, or undefined. Each effect is answered by its method above. */
  next(now: number, maxBatchBytes: number): Effect | undefined {
    return this.#nextVerify() ?? this.#nextSend(now, maxBatchBytes) ?? this.#nextMark(now);
  }

  /** When `next` has to be asked again although nothing happened. */
  wakeAt(now: number): number | undefined {
    const times = this.#resting.map((rest) => rest.until);
    if (this.#lanes.waiting > 0 && this.#gate.pausedUntil > now) times.push(this.#gate.pausedUntil);
    const markAt = this.#settlement.wakeAt(this.#draining);
    if (markAt !== undefined) times.push(markAt);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** From here on nothing more is sent, and what was accepted is marked at once. */
  drain(): void {
    this.#draining = true;
  }

  get isDrained(): boolean {
    return this.#gate.inFlight === 0 && this.#settlement.isMarked;
  }

  /** As much is unsettled as may be: nothing more should be read. */
  get isFull(): boolean {
    const { maxUnsettled, maxUnsettledBytes } = this.#limits;
    return this.#unsettled >= maxUnsettled || this.#unsettledBytes >= maxUnsettledBytes;
  }

  /** See `Settlement`. */
  get storedLsn(): Lsn {
    return this.#settlement.storedLsn;
  }

  /** See `Settlement`. */
  get handledLsn(): Lsn {
    return this.#settlement.handledLsn;
  }

  get unsettled(): number {
    return this.#unsettled;
  }

  /** Sends refused in a row. */
  get failures(): number {
    return this.#gate.failures;
  }

  /** How many orders wait for a message that the broker refuses. */
  get resting(): number {
    return this.#resting.length;
  }

  #nextVerify(): Effect | undefined {
    if (this.#verifying) return undefined;
    const messages = this.#unverified.slice(0, VERIFY_COUNT);
    const count = messages.findIndex(({ transaction }) => transaction.commitLsn > this.#verifyUpTo);
    if (count === 0) {
      for (const pending of this.#unverified) this.#lanes.push(pending);
      this.#unverified = [];
    }
    if (count === 0 || messages.length === 0) return undefined;
    if (count > 0) messages.length = count;
    this.#unverified = this.#unverified.slice(messages.length);
    this.#verifying = true;
    return { kind: 'verify', messages };
  }

  #nextSend(now: number, maxBatchBytes: number): Effect | undefined {
    for (const rest of this.#resting.filter(({ until }) => until <= now)) this.#lanes.restore(rest.batch);
    this.#resting = this.#resting.filter(({ until }) => until > now);
    if (this.#draining || !this.#gate.isOpen(now)) return undefined;
    const { maxBatchCount, sessions } = this.#limits;
    const batch = this.#lanes.take({ maxCount: maxBatchCount, maxBytes: maxBatchBytes, oneLane: sessions });
    if (!batch) return undefined;
    this.#gate.sent();
    return { kind: 'send', batch };
  }

  #nextMark(now: number): Effect | undefined {
    const mark = this.#settlement.next(now, this.#draining);
    return mark && { kind: 'mark', mark };
  }

  #forget(settled: readonly Pending[]): void {
    this.#unsettled -= settled.length;
    for (const pending of settled) this.#unsettledBytes -= pending.bytes;
  }
}
