import type { Pending } from './pending.ts';

export interface BacklogLimits {
  /** Beyond so many unsettled messages or bytes nothing more is read. */
  readonly maxUnsettled: number;
  readonly maxUnsettledBytes: number;
}

/** How much has been received and is not settled. Pure. */
export class Backlog {
  readonly #limits: BacklogLimits;
  #count = 0;
  #bytes = 0;

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

  add(bytes: number): void {
    this.#count++;
    this.#bytes += bytes;
  }

  remove(settled: readonly Pending[]): void {
    this.#count -= settled.length;
    for (const { bytes } of settled) this.#bytes -= bytes;
  }
}
