import { orderOf, type Pending } from './pending.ts';

export interface BacklogLimits {
  /** Beyond so many unsettled messages or bytes nothing more is read. */
  readonly maxUnsettled: number;
  readonly maxUnsettledBytes: number;
}

/** So many settled ones are kept before it is worth the while to leave them out. */
const SPARE = 1_024;

/** What has been received and is not settled. Pure. */
export class Backlog {
  readonly #limits: BacklogLimits;
  #count = 0;
  #bytes = 0;
  /** With settled ones among them, fewer than the others and `SPARE`. */
  #received: Pending[] = [];
  /** How many of each order, while somebody asks: to count every message costs as much as a third of decoding it. */
  #countOf: Map<string, number> | undefined;

  constructor(limits: BacklogLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** Nothing more should be read. */
  get isFull(): boolean {
    const { maxUnsettled, maxUnsettledBytes } = this.#limits;
    return this.#count >= maxUnsettled || this.#bytes >= maxUnsettledBytes;
  }

  /** How much of it is of this order. From the first time on all orders are counted, until `forgetOrders`. */
  countOf(order: string): number {
    this.#countOf ??= countOrders(this.#received);
    return this.#countOf.get(order) ?? 0;
  }

  forgetOrders(): void {
    this.#countOf = undefined;
  }

  add(pending: Pending): void {
    this.#count++;
    this.#bytes += pending.bytes;
    this.#received.push(pending);
    if (this.#countOf) change(this.#countOf, pending, 1);
  }

  remove(settled: readonly Pending[]): void {
    this.#count -= settled.length;
    for (const pending of settled) {
      this.#bytes -= pending.bytes;
      pending.isSettled = true;
      if (this.#countOf) change(this.#countOf, pending, -1);
    }
    if (this.#received.length > 2 * this.#count + SPARE) {
      this.#received = this.#received.filter(({ isSettled }) => !isSettled);
    }
  }
}

function countOrders(received: readonly Pending[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const pending of received) if (!pending.isSettled) change(counts, pending, 1);
  return counts;
}

function change(counts: Map<string, number>, pending: Pending, by: 1 | -1): void {
  const order = orderOf(pending);
  const count = (counts.get(order) ?? 0) + by;
  if (count > 0) counts.set(order, count);
  else counts.delete(order);
}
