import type { Lsn } from '../lsn.ts';
import type { RedriveTarget } from '../outbox/operator-request.ts';
import type { Transaction } from './ack-tracker.ts';
import type { Pending } from './settlement.ts';

/** That what waits of an order is to be sent, at a place in the WAL. */
export interface Redrive {
  readonly target: RedriveTarget;
  readonly lane: string | undefined;
  /** The transaction it came in counts it as one unsettled message, until the rows it is about are settled. */
  readonly transaction: Transaction;
}

/** send: to the broker. defer: it waits in the table. aside: it waits in memory. known: it has been read from the table. */
export type Route = 'send' | 'defer' | 'aside' | 'known';

/**
 * The orders of which nothing may be sent, because a message of theirs is parked; and the way back: a redrive reads the
 * order's rows from the table once everything before it in the WAL is settled, so that those are all there are. What
 * the stream brings meanwhile is put aside and goes after them. Pure.
 */
export class HeldOrders {
  readonly #held: Set<string>;
  #redrives: Redrive[] = [];
  readonly #aside = new Map<string, Pending[]>();
  #read: { readonly messageIds: Set<string>; readonly until: Lsn }[] = [];

  constructor(held: Iterable<string>) {
    this.#held = new Set(held);
  }

  get size(): number {
    return this.#held.size;
  }

  /** The oldest redrive that has not been answered. */
  get firstRedrive(): Redrive | undefined {
    return this.#redrives[0];
  }

  hold(lane: string): void {
    this.#held.add(lane);
  }

  redrive(redrive: Redrive): void {
    const { lane, transaction } = redrive;
    const later = this.#redrives.findIndex((other) => other.transaction.commitLsn > transaction.commitLsn);
    this.#redrives.splice(later === -1 ? this.#redrives.length : later, 0, redrive);
    if (lane !== undefined && !this.#aside.has(lane)) this.#aside.set(lane, []);
  }

  /** Where a message of the stream goes; one that goes aside is kept here. */
  route(pending: Pending): Route {
    const { lane, message, transaction } = pending;
    if (this.#read.some(({ messageIds }) => messageIds.has(message.messageId))) return 'known';
    if (lane === undefined) return 'send';
    const redrive = this.#redrives.find((each) => each.lane === lane)?.transaction;
    if (!redrive || transaction.commitLsn < redrive.commitLsn) return this.#held.has(lane) ? 'defer' : 'send';
    // The redrive waits for all of its own transaction: what waited for the redrive there would wait for ever.
    if (transaction === redrive) return 'defer';
    this.#aside.get(lane)?.push(pending);
    return 'aside';
  }

  /** How many redrives are counted as unsettled by this transaction. */
  countIn(transaction: Transaction): number {
    return this.#redrives.filter((redrive) => redrive.transaction === transaction).length;
  }

  /** The redrives that are answered by reading the rows of this one. */
  answeredBy(redrive: Redrive): readonly Redrive[] {
    return this.#redrives.filter(
      (other) => other === redrive || (redrive.lane !== undefined && other.lane === redrive.lane),
    );
  }

  /** These messages are on their way: the stream may still bring them, up to this position. */
  markRead(messages: Iterable<string>, until: Lsn): void {
    this.#read.push({ messageIds: new Set(messages), until });
  }

  /** The stream is past this position. What is aside came before. */
  passed(lsn: Lsn): void {
    if (this.#read.length === 0 || this.#aside.size > 0) return;
    this.#read = this.#read.filter(({ until }) => until >= lsn);
  }

  /** The redrives are done. Returns what was put aside; the order is open unless another message of it is parked. */
  finish(redrives: readonly Redrive[], stillHeld: boolean): readonly Pending[] {
    this.#redrives = this.#redrives.filter((redrive) => !redrives.includes(redrive));
    const lane = redrives[0]?.lane;
    if (lane === undefined) return [];
    if (!stillHeld) this.#held.delete(lane);
    const aside = this.#aside.get(lane) ?? [];
    this.#aside.delete(lane);
    return aside;
  }
}
