import type { Lsn } from '../lsn.ts';

/** A committed transaction in the stream, from its Begin on. */
export interface Transaction {
  readonly commitLsn: Lsn;
  /** The id of the transaction, without its epoch. */
  readonly xid: number;
  /** By the server's clock, in milliseconds since 1970; undefined for what is read from the table. */
  committedAt?: number | undefined;
  /** By the relay's own clock, where somebody observes deliveries. */
  decodedAt?: number | undefined;
  /** Known once its Commit has arrived. */
  endLsn: Lsn | undefined;
  /** How many of its messages received so far are not settled. */
  unsettled: number;
}

/** A message, as far as it matters here: the transaction that counts it. */
export interface Received {
  readonly transaction: Transaction;
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

  begin(commitLsn: Lsn, xid: number): Transaction {
    const transaction: Transaction = {
      commitLsn,
      xid,
      committedAt: undefined,
      decodedAt: undefined,
      endLsn: undefined,
      unsettled: 0,
    };
    this.#transactions.push(transaction);
    return transaction;
  }

  commit(transaction: Transaction, endLsn: Lsn): void {
    transaction.endLsn = endLsn;
    this.#advance();
  }

  /** Counts one more message of this transaction as unsettled. */
  receive(transaction: Transaction): void {
    transaction.unsettled++;
  }

  /** Counts each of these as settled. */
  settle(messages: readonly Received[]): void {
    for (const { transaction } of messages) transaction.unsettled--;
    this.#advance();
  }

  /** The position that would be safe if these were settled as well: what a mark of them may claim to reach. */
  safeLsnWith(messages: readonly Received[]): Lsn {
    for (const { transaction } of messages) transaction.unsettled--;
    const first = this.#firstUnsettled();
    for (const { transaction } of messages) transaction.unsettled++;
    return this.#endBefore(first);
  }

  #advance(): void {
    const first = this.#firstUnsettled();
    this.#safeLsn = this.#endBefore(first);
    this.#head = first;
    if (this.#head > 1024 || this.isIdle) {
      this.#transactions = this.#transactions.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Where in the list the oldest transaction is that has something unsettled, or is half received. */
  #firstUnsettled(): number {
    let at = this.#head;
    for (; at < this.#transactions.length; at++) {
      const { endLsn, unsettled } = this.#transactions[at] as Transaction;
      if (endLsn === undefined || unsettled > 0) break;
    }
    return at;
  }

  #endBefore(at: number): Lsn {
    return this.#transactions[at - 1]?.endLsn ?? this.#safeLsn;
  }
}
