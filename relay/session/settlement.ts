import { type Lsn, maxLsn } from '../lsn.ts';
import type { OutboxMessage } from '../outbox/outbox-message.ts';
import { AckTracker, type Transaction } from './ack-tracker.ts';
import type { LaneMessage } from './lanes.ts';

/** A received message on its way to being settled. */
export interface Pending extends LaneMessage {
  readonly message: OutboxMessage;
  readonly transaction: Transaction;
  /** Set when a batch with it was refused as a whole. */
  alone: boolean;
  /** Why the broker can never take it. */
  parkedBecause: string | undefined;
}

/** Messages to be marked in the table, and how far everything is settled once they are. */
export interface Mark {
  /** parked: those with a reason; the others are deferred, and wait in the table behind one that is parked. */
  readonly as: 'accepted' | 'parked';
  readonly messages: readonly Pending[];
  readonly settledLsn: Lsn;
  readonly markedLsn: Lsn;
}

/** What came of a mark: rows that are not visible yet and must be marked again, and whether the progress was stored. */
export interface Marked {
  readonly again: readonly Pending[];
  /** Of those to be parked: what is not in the table any more, so that it holds up nothing. */
  readonly gone?: readonly Pending[];
  readonly progressStored: boolean;
}

export interface SettlementOptions {
  /** Everything that committed before it is settled. */
  readonly settledLsn: Lsn;
  /** The highest commit LSN that is marked. */
  readonly markedLsn: Lsn;
  /** Marks are gathered to so many or for so long: marked in tens, they cost the server several times as much. */
  readonly markCount: number;
  readonly markAfterMs: number;
}

const MARK_AGAIN_MS = 10;
/** An idle position is stored when the server has moved so far: its own storing moves it by less, so this ends. */
const IDLE_STEP_BYTES = 2048n;
const IDLE_STORE_EVERY_MS = 1_000;

/** What is accepted or parked and not marked, how far everything is settled, and what of that a restart knows. Pure. */
export class Settlement {
  readonly #options: SettlementOptions;
  readonly #tracker: AckTracker;
  #accepted: Pending[] = [];
  #acceptedAt = 0;
  #parked: Pending[] = [];
  #marking = false;
  #markNotBefore = 0;
  #markedLsn: Lsn;
  #storedMarkedLsn: Lsn;
  #storedLsn: Lsn;
  #idleLsn: Lsn;
  #idleStoredAt = Number.NEGATIVE_INFINITY;

  constructor(options: SettlementOptions) {
    this.#options = options;
    this.#tracker = new AckTracker(options.settledLsn);
    this.#markedLsn = options.markedLsn;
    this.#storedMarkedLsn = options.markedLsn;
    this.#storedLsn = options.settledLsn;
    this.#idleLsn = options.settledLsn;
  }

  begin(commitLsn: Lsn, xid: number): Transaction {
    return this.#tracker.begin(commitLsn, xid);
  }

  commit(transaction: Transaction, endLsn: Lsn): void {
    this.#tracker.commit(transaction, endLsn);
  }

  /** Counts one more message of this transaction, or what stands for one, as unsettled. */
  receive(transaction: Transaction): void {
    this.#tracker.receive(transaction);
  }

  /** The server's position: everything before it has been received. It counts only if everything is settled too. */
  keepalive(lsn: Lsn): void {
    if (this.#tracker.isIdle) this.#idleLsn = maxLsn(this.#idleLsn, lsn);
  }

  accept(batch: readonly Pending[], now: number): void {
    if (this.#accepted.length === 0) this.#acceptedAt = now;
    for (const pending of batch) this.#accepted.push(pending);
  }

  /** They are parked, or wait in the table for an operator: the WAL need not keep them. */
  park(messages: Iterable<Pending>): void {
    this.#parked.push(...messages);
  }

  /** Counts messages that need no mark as settled. */
  settle(messages: readonly Pending[]): void {
    this.#tracker.settle(messages);
  }

  /** The mark to write now, one at a time, or undefined. `atOnce`: without gathering more. */
  next(now: number, atOnce: boolean): Mark | undefined {
    if (this.#marking || now < this.#markNotBefore) return undefined;
    const { markCount, markAfterMs } = this.#options;
    const waiting = this.#accepted.length;
    // Before what is parked, so that the table never shows a message parked and an earlier one of its order not accepted.
    const hasParked = this.#parked.length > 0;
    const gathered = atOnce || hasParked || waiting >= markCount || now >= this.#acceptedAt + markAfterMs;
    if (!(waiting > 0 && gathered) && !hasParked && !this.#isProgressDue(now, atOnce)) return undefined;

    const as = hasParked && waiting === 0 ? 'parked' : 'accepted';
    const messages = (as === 'parked' ? this.#parked : this.#accepted).splice(0, markCount);
    const settledLsn = maxLsn(this.#tracker.safeLsnWith(messages), this.#idleLsn);
    for (const { transaction } of messages) {
      this.#markedLsn = maxLsn(this.#markedLsn, transaction.commitLsn);
    }
    this.#idleStoredAt = now;
    this.#marking = true;
    return { as, messages, settledLsn, markedLsn: this.#markedLsn };
  }

  /** Takes note of a mark that was written; returns what the WAL need not keep any more. */
  marked(mark: Mark, outcome: Marked, now: number): readonly Pending[] {
    this.#marking = false;
    const again = new Set(outcome.again);
    const settled = again.size === 0 ? mark.messages : mark.messages.filter((pending) => !again.has(pending));
    this.settle(settled);
    if (outcome.progressStored) {
      this.#storedLsn = mark.settledLsn;
      this.#storedMarkedLsn = mark.markedLsn;
    }
    (mark.as === 'parked' ? this.#parked : this.#accepted).unshift(...again);
    this.#markNotBefore = again.size > 0 ? now + MARK_AGAIN_MS : 0;
    return settled;
  }

  /** When `next` has to be asked again although nothing happened. */
  wakeAt(atOnce: boolean): number | undefined {
    if (this.isMarked || this.#marking) return undefined;
    const gathers = !atOnce && this.#parked.length === 0;
    return Math.max(this.#markNotBefore, gathers ? this.#acceptedAt + this.#options.markAfterMs : 0);
  }

  /** Nothing is accepted or parked that is not marked. */
  get isMarked(): boolean {
    return this.#accepted.length === 0 && this.#parked.length === 0 && !this.#marking;
  }

  /** Everything before this transaction is settled. */
  isFirst(transaction: Transaction): boolean {
    return this.#tracker.first === transaction;
  }

  /** Nothing waits to be marked as parked. */
  get isParkedMarked(): boolean {
    return this.#parked.length === 0 && !this.#marking;
  }

  /** A redrive of this transaction is done. */
  settleRedrive(transaction: Transaction): void {
    this.#tracker.settle([{ transaction }]);
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

  /** With nothing to mark, there can be progress to store: of rows that were settled before, or deleted since, or none. */
  #isProgressDue(now: number, ending: boolean): boolean {
    if (this.#tracker.safeLsn > this.#storedLsn || this.#markedLsn > this.#storedMarkedLsn) return true;
    const movedBytes = this.#idleLsn - this.#storedLsn;
    return movedBytes >= IDLE_STEP_BYTES && now >= this.#idleStoredAt + IDLE_STORE_EVERY_MS && !ending;
  }
}
