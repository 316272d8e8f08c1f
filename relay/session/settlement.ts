import { type Lsn, maxLsn } from '../lsn.ts';
import { AckTracker, type Transaction } from './ack-tracker.ts';
import { LockedRows } from './locked-rows.ts';
import type { Mark, Marked } from './mark.ts';
import type { Pending } from './pending.ts';

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
const LOCKED_AGAIN_MS = 1_000;
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
  readonly #locked = new LockedRows();
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
    for (const pending of messages) {
      // Never before what it waits behind, or it would wait for nothing after a restart.
      if (this.#locked.hasOf(pending.lane)) this.#locked.join('parked', pending);
      else this.#parked.push(pending);
    }
  }

  /** Counts messages that need no mark as settled. */
  settle(messages: readonly Pending[]): void {
    this.#tracker.settle(messages);
  }

  /** The mark to write now, one at a time, or undefined. `atOnce`: without gathering more. */
  next(now: number, atOnce: boolean): Mark | undefined {
    if (this.#marking || now < this.#markNotBefore) return undefined;
    const { markCount, markAfterMs } = this.#options;
    const unlocked = this.#locked.take(now, markCount, atOnce);
    if (unlocked) return this.#mark(unlocked.as, unlocked.messages, now, true);
    const waiting = this.#accepted.length;
    // Before what is parked, so that the table never shows a message parked and an earlier one of its order not accepted.
    const hasParked = this.#parked.length > 0;
    const gathered = atOnce || hasParked || waiting >= markCount || now >= this.#acceptedAt + markAfterMs;
    if (!(waiting > 0 && gathered) && !hasParked && !this.#isProgressDue(now, atOnce)) return undefined;

    const as = hasParked && waiting === 0 ? 'parked' : 'accepted';
    const messages = (as === 'parked' ? this.#parked : this.#accepted).splice(0, markCount);
    return this.#mark(as, messages, now, false);
  }

  #mark(as: Mark['as'], messages: readonly Pending[], now: number, skipLocked: boolean): Mark {
    const settledLsn = maxLsn(this.#tracker.safeLsnWith(messages), this.#idleLsn);
    for (const { transaction } of messages) {
      this.#markedLsn = maxLsn(this.#markedLsn, transaction.commitLsn);
    }
    this.#idleStoredAt = now;
    this.#marking = true;
    return { as, messages, settledLsn, markedLsn: this.#markedLsn, skipLocked };
  }

  /** Takes note of a mark that was written; returns what the WAL need not keep any more. */
  marked(mark: Mark, outcome: Marked, now: number): readonly Pending[] {
    this.#marking = false;
    const { again, locked = [] } = outcome;
    const unsettled = new Set([...again, ...locked]);
    const settled =
      unsettled.size === 0 ? mark.messages : mark.messages.filter((pending) => !unsettled.has(pending));
    this.settle(settled);
    this.#locked.add(mark.as, locked, now + LOCKED_AGAIN_MS);
    if (locked.length > 0) this.#parkBehindLocked();
    if (outcome.progressStored) {
      this.#storedLsn = mark.settledLsn;
      this.#storedMarkedLsn = mark.markedLsn;
    }
    (mark.as === 'parked' ? this.#parked : this.#accepted).unshift(...again);
    this.#markNotBefore = again.length > 0 ? now + MARK_AGAIN_MS : 0;
    return settled;
  }

  #parkBehindLocked(): void {
    const parked = this.#parked;
    this.#parked = [];
    this.park(parked);
  }

  /** When `next` has to be asked again although nothing happened. */
  wakeAt(atOnce: boolean): number | undefined {
    if (this.#marking) return undefined;
    const dueAt = this.#locked.nextAt(atOnce);
    const lockedAt = dueAt === undefined ? undefined : Math.max(dueAt, this.#markNotBefore);
    if (this.isMarked) return lockedAt;
    const gathers = !atOnce && this.#parked.length === 0;
    const at = Math.max(this.#markNotBefore, gathers ? this.#acceptedAt + this.#options.markAfterMs : 0);
    return Math.min(at, lockedAt ?? at);
  }

  /** Nothing is accepted or parked that is not marked, but for rows that another session has locked. */
  get isMarked(): boolean {
    return this.#accepted.length === 0 && this.#parked.length === 0 && !this.#marking;
  }

  /** How many rows cannot be marked because another session has locked them. */
  get lockedRows(): number {
    return this.#locked.size;
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

  /**
   * The stream never again brings an event that committed before it, whatever happens: a restart begins at what is stored, and
   * between that and this there was none.
   */
  get unrepeatedLsn(): Lsn {
    return this.#tracker.safeLsn > this.#storedLsn ? this.#storedLsn : maxLsn(this.#storedLsn, this.#idleLsn);
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
