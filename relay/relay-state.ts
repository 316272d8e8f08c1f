import { backoffMs } from './backoff.ts';
import { type OutboxMessage, wireBytes } from './outbox-message.ts';
import { type LaneMessage, Lanes } from './publishing/lanes.ts';
import type { PublishFailure } from './publishing/publish-failure.ts';
import { AckTracker, type Transaction } from './replication/ack-tracker.ts';
import { type Lsn, maxLsn } from './replication/lsn.ts';

/** A received message on its way to being settled. */
export interface Pending extends LaneMessage {
  readonly message: OutboxMessage;
  readonly transaction: Transaction;
  /** Set when a batch with it was refused as a whole. */
  alone: boolean;
}

/** Accepted messages to be marked in the table, and how far everything is settled once they are. */
export interface Mark {
  readonly messages: readonly Pending[];
  readonly settledLsn: Lsn;
  readonly markedLsn: Lsn;
}

/** What came of a mark: rows that are not visible yet and must be marked again, and whether the progress was stored. */
export interface MarkOutcome {
  readonly again: readonly Pending[];
  readonly progressStored: boolean;
}

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
  /** Marks are gathered to so many or for so long: marked in tens, they cost the server several times as much. */
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

const MARK_AGAIN_MS = 10;
/** An idle position is stored when the server has moved so far: its own storing moves it by less, so this ends. */
const IDLE_STEP_BYTES = 2048n;
const IDLE_STORE_EVERY_MS = 1_000;
const VERIFY_COUNT = 1_000;

/**
 * Every decision of the relay between one connection to PostgreSQL and the next: what is sent when, what is marked, what
 * may be acknowledged. No I/O, no clock: events go in by methods, and `next` tells what to do.
 */
export class RelayState {
  readonly #limits: RelayLimits;
  readonly #random: () => number;
  readonly #tracker: AckTracker;
  readonly #lanes = new Lanes<Pending>();
  /** Rows that committed up to here may have been settled by an earlier run, so the table is asked first. */
  readonly #verifyUpTo: Lsn;

  #open: Transaction | undefined;
  #unverified: Pending[] = [];
  #verifying = false;
  #inFlight = 0;
  #accepted: Pending[] = [];
  #acceptedAt = 0;
  #marking = false;
  #markNotBefore = 0;
  #markedLsn: Lsn;
  #storedMarkedLsn: Lsn;
  #storedLsn: Lsn;
  #idleLsn: Lsn;
  #idleStoredAt = Number.NEGATIVE_INFINITY;
  #resting: { batch: readonly Pending[]; until: number }[] = [];
  #failures = 0;
  #pausedUntil = 0;
  #draining = false;
  #unsettled = 0;
  #unsettledBytes = 0;

  constructor(options: { limits: RelayLimits; random: () => number; settledLsn: Lsn; markedLsn: Lsn }) {
    this.#limits = options.limits;
    this.#random = options.random;
    this.#tracker = new AckTracker(options.settledLsn);
    this.#verifyUpTo = options.markedLsn;
    this.#markedLsn = options.markedLsn;
    this.#storedMarkedLsn = options.markedLsn;
    this.#storedLsn = options.settledLsn;
    this.#idleLsn = options.settledLsn;
  }

  // What arrives from the WAL, or from the table as one transaction.

  begin(commitLsn: Lsn, xid: number): void {
    this.#open = this.#tracker.begin(commitLsn, xid);
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
    this.#tracker.commit(this.#open, endLsn);
    this.#open = undefined;
  }

  /** The server's position: everything before it has been received. It counts only if everything is settled too. */
  keepalive(lsn: Lsn): void {
    if (this.#tracker.isIdle) this.#idleLsn = maxLsn(this.#idleLsn, lsn);
  }

  // What came of the effects.

  verified(messages: readonly Pending[], settledIds: ReadonlySet<string>): void {
    this.#verifying = false;
    this.#settle(messages.filter((pending) => settledIds.has(pending.message.messageId)));
    for (const pending of messages) {
      if (!settledIds.has(pending.message.messageId)) this.#lanes.push(pending);
    }
  }

  accepted(batch: readonly Pending[], now: number): void {
    this.#inFlight--;
    // During a pause nothing is sent: this one began before the refusal, and says nothing about what comes after it.
    if (now >= this.#pausedUntil) this.#failures = 0;
    if (this.#accepted.length === 0) this.#acceptedAt = now;
    for (const pending of batch) this.#accepted.push(pending);
    this.#lanes.release(batch);
  }

  /** Returns when the batch is tried again. */
  rejected(batch: readonly Pending[], failure: PublishFailure, now: number): number {
    this.#inFlight--;
    if (failure.kind === 'poison' && batch.length === 1) {
      // Only its own order waits for it.
      const until = now + backoffMs(10, this.#random);
      this.#resting.push({ batch, until });
      return until;
    }
    this.#lanes.restore(batch);
    if (failure.kind === 'poison') {
      for (const pending of batch) pending.alone = true;
      return now;
    }
    if (now >= this.#pausedUntil) {
      this.#failures++;
      this.#pausedUntil = now + Math.max(failure.retryAfterMs, backoffMs(this.#failures, this.#random));
    }
    return this.#pausedUntil;
  }

  marked(mark: Mark, outcome: MarkOutcome, now: number): void {
    this.#marking = false;
    const again = new Set(outcome.again);
    this.#settle(mark.messages.filter((pending) => !again.has(pending)));
    if (outcome.progressStored) {
      this.#storedLsn = mark.settledLsn;
      this.#storedMarkedLsn = mark.markedLsn;
    }
    this.#accepted = [...again, ...this.#accepted];
    this.#markNotBefore = again.size > 0 ? now + MARK_AGAIN_MS : 0;
  }

  // Decisions.

  /** The next thing to do now, or undefined. Each effect is answered by its method above. */
  next(now: number, maxBatchBytes: number): Effect | undefined {
    return this.#nextVerify() ?? this.#nextSend(now, maxBatchBytes) ?? this.#nextMark(now);
  }

  /** When `next` has to be asked again although nothing happened. */
  wakeAt(now: number): number | undefined {
    const times = this.#resting.map((rest) => rest.until);
    if (this.#lanes.waiting > 0 && this.#pausedUntil > now) times.push(this.#pausedUntil);
    if (this.#accepted.length > 0 && !this.#marking) {
      times.push(
        Math.max(this.#markNotBefore, this.#draining ? 0 : this.#acceptedAt + this.#limits.markAfterMs),
      );
    }
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** From here on nothing more is sent, and what was accepted is marked at once. */
  drain(): void {
    this.#draining = true;
  }

  get isDrained(): boolean {
    return this.#inFlight === 0 && this.#accepted.length === 0 && !this.#marking;
  }

  /** As much is unsettled as may be: nothing more should be read. */
  get isFull(): boolean {
    return (
      this.#unsettled >= this.#limits.maxUnsettled || this.#unsettledBytes >= this.#limits.maxUnsettledBytes
    );
  }

  /**
   * Everything before it is settled and a restart knows it: what may be confirmed. A slot that is confirmed no further
   * than what is stored shows, when it stands further one day, that somebody else moved it or made it anew.
   */
  get storedLsn(): Lsn {
    return this.#storedLsn;
  }

  /** Everything before it is settled: with nothing unsettled, as far as the server has come without events. */
  get handledLsn(): Lsn {
    return maxLsn(this.#tracker.safeLsn, this.#idleLsn);
  }

  get unsettled(): number {
    return this.#unsettled;
  }

  get failures(): number {
    return this.#failures;
  }

  /** Whether some order waits for a message that its broker refuses. */
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
    if (this.#draining || now < this.#pausedUntil) return undefined;
    // While sends fail, one at a time feels whether the broker is back.
    if (this.#inFlight >= (this.#failures > 0 ? 1 : this.#limits.maxInFlight)) return undefined;
    const batch = this.#lanes.take({
      maxCount: this.#limits.maxBatchCount,
      maxBytes: maxBatchBytes,
      oneLane: this.#limits.sessions,
    });
    if (!batch) return undefined;
    this.#inFlight++;
    return { kind: 'send', batch };
  }

  #nextMark(now: number): Effect | undefined {
    if (this.#marking || now < this.#markNotBefore) return undefined;
    // With nothing to mark, there can be progress to store: of rows that were settled before, or deleted since.
    const progressDue =
      this.#tracker.safeLsn > this.#storedLsn ||
      this.#markedLsn > this.#storedMarkedLsn ||
      this.#isIdleStoreDue(now);
    if (this.#accepted.length === 0 && !progressDue) return undefined;
    const due =
      this.#draining ||
      progressDue ||
      this.#accepted.length >= this.#limits.markCount ||
      now >= this.#acceptedAt + this.#limits.markAfterMs;
    if (!due) return undefined;
    const messages = this.#accepted.splice(0, this.#limits.markCount);
    const settledLsn = maxLsn(this.#tracker.safeLsnWith(countByTransaction(messages)), this.#idleLsn);
    this.#idleStoredAt = now;
    for (const { transaction } of messages) {
      this.#markedLsn = maxLsn(this.#markedLsn, transaction.commitLsn);
    }
    this.#marking = true;
    return { kind: 'mark', mark: { messages, settledLsn, markedLsn: this.#markedLsn } };
  }

  #isIdleStoreDue(now: number): boolean {
    const movedBytes = this.#idleLsn - this.#storedLsn;
    return (
      movedBytes >= IDLE_STEP_BYTES && now >= this.#idleStoredAt + IDLE_STORE_EVERY_MS && !this.#draining
    );
  }

  #settle(messages: readonly Pending[]): void {
    this.#unsettled -= messages.length;
    for (const pending of messages) this.#unsettledBytes -= pending.bytes;
    this.#tracker.settle(countByTransaction(messages));
  }
}

function countByTransaction(messages: readonly Pending[]): Map<Transaction, number> {
  const counts = new Map<Transaction, number>();
  for (const { transaction } of messages) counts.set(transaction, (counts.get(transaction) ?? 0) + 1);
  return counts;
}
