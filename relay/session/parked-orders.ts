import type { Lsn } from '../lsn.ts';
import type { RedriveTarget } from '../outbox/operator-request.ts';
import type { OrderRows } from '../outbox/order-rows.ts';
import type { Transaction } from './ack-tracker.ts';
import { orderOf, type Pending } from './pending.ts';

/** That what waits of an order is to be sent, at a place in the WAL. */
export interface Redrive {
  readonly target: RedriveTarget;
  /** As `orderOf` has it. */
  readonly order: string;
  /** The transaction it came in counts it as one unsettled message, until the rows it is about are settled. */
  readonly transaction: Transaction;
}

/** send: to the broker. defer: it waits in the table. aside: it waits in memory. known: it has been read from the table. */
export type Route = 'send' | 'defer' | 'aside' | 'known';

/** The redrives of an order, and what the stream has brought of it after the first. */
interface Waiting {
  readonly redrives: Redrive[];
  readonly aside: Pending[];
}

const READ_ORDERS = 100;
const READ_AGAIN_MS = 10;

/**
 * The orders of which nothing may be sent, because a message of theirs is parked; and the way back: a redrive reads the
 * order's rows from the table once everything of the order before it in the WAL is settled, so that those are all there
 * are. What the stream brings meanwhile is put aside and goes after them. Pure.
 */
export class ParkedOrders {
  readonly #parked: Set<string>;
  readonly #waiting = new Map<string, Waiting>();
  /** What was read from the table and the stream may still bring, up to that position. */
  readonly #known = new Map<string, { readonly order: string; readonly until: Lsn }>();
  #reading = 0;
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

  get hasRedrives(): boolean {
    return this.#waiting.size > 0;
  }

  park(lane: string): void {
    this.#parked.add(lane);
  }

  redrive(redrive: Redrive): void {
    const waiting = this.#waiting.get(redrive.order);
    if (waiting) waiting.redrives.push(redrive);
    else this.#waiting.set(redrive.order, { redrives: [redrive], aside: [] });
  }

  /** Where a message of the stream goes; one that goes aside is kept here. */
  route(pending: Pending): Route {
    const { message, transaction } = pending;
    if (this.#known.has(message.messageId)) return 'known';
    const order = orderOf(pending);
    const waiting = this.#waiting.get(order);
    const redrive = waiting?.redrives[0]?.transaction;
    if (!redrive || transaction.commitLsn < redrive.commitLsn)
      return this.#parked.has(order) ? 'defer' : 'send';
    // The redrive waits for all of its own transaction: what waited for the redrive there would wait for ever.
    if (transaction === redrive) return 'defer';
    waiting?.aside.push(pending);
    return 'aside';
  }

  /** The first redrives of some orders whose transaction has arrived whole, with nothing unsettled before it. */
  nextToRead(now: number, unsettledOf: (order: string) => number): readonly Redrive[] {
    if (this.#reading > 0 || now < this.#readNotBefore) return [];
    const next: Redrive[] = [];
    for (const [order, { redrives, aside }] of this.#waiting) {
      const [first] = redrives;
      if (first?.transaction.endLsn === undefined || unsettledOf(order) > aside.length) continue;
      if (next.push(first) === READ_ORDERS) break;
    }
    this.#reading = next.length;
    return next;
  }

  /**
   * The rows of this redrive were read: they are on their way from here on, and the stream may still bring them. False: they
   * have to be read again, since not all could be seen yet.
   */
  read({ order }: Redrive, rows: OrderRows, now: number): boolean {
    this.#reading--;
    const redrives = this.#waiting.get(order)?.redrives ?? [];
    if (!redrives.every(({ transaction }) => rows.isVisible(transaction.xid))) {
      this.#readNotBefore = now + READ_AGAIN_MS;
      return false;
    }
    for (const { messageId } of rows.messages) this.#known.set(messageId, { order, until: rows.readUpTo });
    return true;
  }

  /** When rows have to be read again. */
  wakeAt(now: number): number | undefined {
    return this.#readNotBefore > now ? this.#readNotBefore : undefined;
  }

  /** The stream is past this position. What is aside came before. */
  passed(lsn: Lsn): void {
    for (const [messageId, { order, until }] of this.#known) {
      if (until >= lsn || this.#waiting.has(order)) return;
      this.#known.delete(messageId);
    }
  }

  /** The order's redrives are done; it is open unless another message of it is parked. */
  finish(order: string, stillParked: boolean): Waiting {
    const done = this.#waiting.get(order) ?? { redrives: [], aside: [] };
    this.#waiting.delete(order);
    if (!stillParked) this.#parked.delete(order);
    return done;
  }
}
