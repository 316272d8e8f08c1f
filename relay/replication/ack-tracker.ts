import type { Lsn } from './lsn.ts';

/** A committed transaction in the stream, from its Begin on. */
export interface Transaction {
  readonly commitLsn: Lsn;
  /** The id of the transaction, without its epoch. */
  readonly xid: number;
  /** Known once its Commit has arrived. */
  endLsn: Lsn | undefined;
  /** How many of its messages received so far are not settled. */
  unsettled: number;
}

/**
 * Tells which WAL position may be confirmed: only the end of a transaction that has arrived whole, all of whose messages
 * are settled, and before which everything is. Rows inside a transaction have positions that mean nothing, and those of
 * transactions side by side interleave; commit order is the only order.
 */
export class AckTracker {
  #transactions: Transaction[] = [];
  #head = 0;
  #safeLsn: Lsn;

  constructor(safeLsn: Lsn) {
    this.#safeLsn = safeLsn;
  }

  /** Everything that committed before it is settled. */
  get safeLsn(): Lsn {
    return this.#safeLsn;
  }

  /** Nothing has been received that is not settled, and no transaction is half received. */
  get isIdle(): boolean {
    return this.#head === this.#transactions.length;
  }

  /** The oldest transaction with something unsettled, or half received. */
  get first(): Transaction | undefined {
    return this.#transactions[this.#head];
  }

  begin(commitLsn: Lsn, xid: number): Transaction {
    const transaction: Transaction = { commitLsn, xid, endLsn: undefined, unsettled: 0 };
    this.#transactions.push(transaction);
    return transaction;
  }

  commit(transaction: Transaction, endLsn: Lsn): void {
    transaction.endLsn = endLsn;
    this.#advance();
  }

  /** Counts messages as settled: how many of which transaction. */
  settle(settled: ReadonlyMap<Transaction, number>): void {
    for (const [transaction, count] of settled) transaction.unsettled -= count;
    this.#advance();
  }

  /** The position that would be safe if these were settled as well: what a mark of them may claim to reach. */
  safeLsnWith(settling: ReadonlyMap<Transaction, number>): Lsn {
    let safeLsn = this.#safeLsn;
    for (let i = this.#head; i < this.#transactions.length; i++) {
      const transaction = this.#transactions[i] as Transaction;
      if (transaction.endLsn === undefined) break;
      if (transaction.unsettled > (settling.get(transaction) ?? 0)) break;
      safeLsn = transaction.endLsn;
    }
    return safeLsn;
  }

  #advance(): void {
    for (; this.#head < this.#transactions.length; this.#head++) {
      const transaction = this.#transactions[this.#head] as Transaction;
      if (transaction.endLsn === undefined || transaction.unsettled > 0) break;
      this.#safeLsn = transaction.endLsn;
    }
    if (this.#head > 1024 || this.isIdle) {
      this.#transactions = this.#transactions.slice(this.#head);
      this.#head = 0;
    }
  }
}
