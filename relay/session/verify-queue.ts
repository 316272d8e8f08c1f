import type { Lsn } from '../lsn.ts';
import type { Pending } from './pending.ts';

const VERIFY_COUNT = 1_000;

/**
 * Messages that an earlier run may have settled: the table is asked before they are sent. Nothing passes them, since what
 * comes later may be of the same order. Pure.
 */
export class VerifyQueue {
  /** Rows that committed later cannot have been settled. */
  readonly #verifyUpTo: Lsn;
  #waiting: Pending[] = [];
  #asking = false;

  constructor(verifyUpTo: Lsn) {
    this.#verifyUpTo = verifyUpTo;
  }

  /** Nothing waits here, and nothing is being asked. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0 && !this.#asking;
  }

  /** Whether a message that comes now has to wait here. */
  takes(commitLsn: Lsn): boolean {
    return !this.isEmpty || commitLsn <= this.#verifyUpTo;
  }

  push(pending: Pending): void {
    this.#waiting.push(pending);
  }

  /** Those that need no question and wait behind none, taken out. */
  release(): readonly Pending[] {
    const [first] = this.#waiting;
    if (this.#asking || !first || first.transaction.commitLsn <= this.#verifyUpTo) return [];
    const released = this.#waiting;
    this.#waiting = [];
    return released;
  }

  /** The next ones to ask the table about, one such question at a time; undefined when there is none. */
  next(): readonly Pending[] | undefined {
    if (this.isEmpty || this.#asking) return undefined;
    const messages = this.#waiting.slice(0, VERIFY_COUNT);
    const count = messages.findIndex(({ transaction }) => transaction.commitLsn > this.#verifyUpTo);
    if (count !== -1) messages.length = count;
    this.#waiting = this.#waiting.slice(messages.length);
    this.#asking = true;
    return messages;
  }

  /** The question was answered. */
  answered(): void {
    this.#asking = false;
  }
}
