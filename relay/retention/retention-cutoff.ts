import type { Lsn } from '../lsn.ts';

/** What the database says at one moment. */
export interface RetentionSample {
  /** By the database's clock, read before `lsn`. */
  readonly now: Date;
  /** The end of the WAL. */
  readonly lsn: Lsn;
  /** The stream never again brings what committed before it. */
  readonly unrepeatedLsn: Lsn;
}

/**
 * Which rows may be deleted: those settled before the time that `observe` returns. Old enough is not enough: a row that the
 * stream may still bring again must be there to say that it is settled, or it would be sent again. Pure.
 */
export class RetentionCutoff {
  readonly #keepMs: number;
  #pending: { readonly now: Date; readonly lsn: Lsn } | undefined;
  /** Whatever was settled before it had committed before a position of which that is known since. */
  #passed: Date | undefined;

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** Undefined while nothing is known to be safe. */
  observe({ now, lsn, unrepeatedLsn }: RetentionSample): Date | undefined {
    if (this.#pending && unrepeatedLsn >= this.#pending.lsn) {
      this.#passed = this.#pending.now;
      this.#pending = undefined;
    }
    this.#pending ??= { now, lsn };
    return this.#passed && new Date(Math.min(this.#passed.getTime(), now.getTime() - this.#keepMs));
  }
}
