import type { Lsn } from '../lsn.ts';
import type { RedriveTarget } from '../outbox/operator-request.ts';
import type { OrderRows } from '../outbox/outbox-store.ts';
import type { Transaction } from './ack-tracker.ts';
import type { Pending } from './pending.ts';

/** That what waits of an order is to be sent, at a place in the WAL. */
export interface Redrive {
  readonly target: RedriveTarget;
  readonly lane: string | undefined;
  /** The transaction it came in counts it as one unsettled message, until the rows it is about are settled. */
  readonly transaction: Transaction;
}

/** send: to the broker. defer: it waits in the table. aside: it waits in memory. known: it has been read from the table. */
export type Route = 'send' | 'defer' | 'aside' | 'known';

const READ_AGAIN_MS = 10;

/**
 * The orders of which nothing may be sent, because a message of theirs is parked; and the way back: a redrive reads the
 * order's rows from the table once everything before it in the WAL is settled, so that those are all there are. What
 * the stream brings meanwhile is put aside and goes after them. Pure.
 */
export class ParkedOrders {
  readonly #parked: Set<string>;
  #redrives: Redrive[] = [];
  readonly #aside = new Map<string, Pending[]>();
  #read: { readonly messageIds: Set<string>; readonly until: Lsn }[] = [];
  #reading = false;
  #readNotBefore = 0;

  constructor(parked: Iterable<string>) {
    this.#parked = new Set(parked);
  }

  get size(): number {
    return this.#parked.size;
  }

  get orders(): Iterable<string> {
    return this.#parked;
  }

  park(lane: string): void {
    this.#parked.add(lane);
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
    if (!redrive || transaction.commitLsn < redrive.commitLsn)
      return this.#parked.has(lane) ? 'defer' : 'send';
    // The redrive waits for all of its own transaction: what waited for the redrive there would wait for ever.
    if (transaction === redrive) return 'defer';
    this.#aside.get(lane)?.push(pending);
    return 'aside';
  }

  /**
   * The oldest redrive, once its transaction has arrived whole, is the first that is not settled, and waits for nothing but its
   * redrives; one at a time.
   */
  nextToRead(now: number, isFirst: (redrive: Redrive) => boolean): Redrive | undefined {
    const [redrive] = this.#redrives;
    if (!redrive || this.#reading || now < this.#readNotBefore) return undefined;
    const { transaction } = redrive;
    const counted = this.#redrives.filter((other) => other.transaction === transaction).length;
    const isNext = transaction.endLsn !== undefined && isFirst(redrive) && transaction.unsettled <= counted;
    if (!isNext) return undefined;
    this.#reading = true;
    return redrive;
  }

  /**
   * The rows of this redrive were read: they are on their way from here on, and the stream may still bring them. Returns the
   * redrives that are answered by them; undefined when they have to be read again, since not all could be seen yet.
   */
  read(redrive: Redrive, rows: OrderRows, now: number): readonly Redrive[] | undefined {
    this.#reading = false;
    const { lane } = redrive;
    const answered = this.#redrives.filter(
      (other) => other === redrive || (lane !== undefined && other.lane === lane),
    );
    if (!answered.every(({ transaction }) => rows.isVisible(transaction.xid))) {
      this.#readNotBefore = now + READ_AGAIN_MS;
      return undefined;
    }
    const messageIds = new Set(rows.messages.map(({ messageId }) => messageId));
    this.#read.push({ messageIds, until: rows.readUpTo });
    return answered;
  }

  /** When rows have to be read again. */
  wakeAt(now: number): number | undefined {
    return this.#readNotBefore > now ? this.#readNotBefore : undefined;
  }

  /** The stream is past this position. What is aside came before. */
  passed(lsn: Lsn): void {
    if (this.#read.length === 0 || this.#aside.size > 0) return;
    this.#read = this.#read.filter(({ until }) => until >= lsn);
  }

  /** The redrives are done. Returns what was put aside; the order is open unless another message of it is parked. */
  finish(redrives: readonly Redrive[], stillParked: boolean): readonly Pending[] {
    this.#redrives = this.#redrives.filter((redrive) => !redrives.includes(redrive));
    const lane = redrives[0]?.lane;
    if (lane === undefined) return [];
    if (!stillParked) this.#parked.delete(lane);
    const aside = this.#aside.get(lane) ?? [];
    this.#aside.delete(lane);
    return aside;
  }
}
