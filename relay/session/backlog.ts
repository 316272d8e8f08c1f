import { orderOf, type Pending } from './pending.ts';

export interface BacklogLimits {
  /** Beyond so many unsettled messages or bytes nothing more is read. */
  readonly maxUnsettled: number;
  readonly maxUnsettledBytes: number;
}

/** How much has been received and is not settled, in all and of each order. Pure. */
export class Backlog {
  readonly #limits: BacklogLimits;
  #count = 0;
  #bytes = 0;
  readonly #countOf = new Map<string, number>();

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

  /** How much of it is of this order. */
  countOf(order: string): number {
    return this.#countOf.get(order) ?? 0;
  }

  add(pending: Pending): void {
    this.#count++;
    this.#bytes += pending.bytes;
    const order = orderOf(pending);
    this.#countOf.set(order, this.countOf(order) + 1);
  }

  remove(settled: readonly Pending[]): void {
    this.#count -= settled.length;
    for (const pending of settled) {
      this.#bytes -= pending.bytes;
      const order = orderOf(pending);
      const left = this.countOf(order) - 1;
      if (left > 0) this.#countOf.set(order, left);
      else this.#countOf.delete(order);
    }
  }
}
