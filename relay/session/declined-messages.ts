import { backoffMs } from '../../src/core/backoff.ts';
import type { Pending } from './pending.ts';

/** as it is: the batch again. one by one: its messages. aside: the message again after a while, with its order behind it. park: it waits in the table. */
export type AfterNo = 'as it is' | 'one by one' | 'aside' | 'park';

const TRIES_AS_IT_IS = 3;
/** Parked, if the broker took others meanwhile. */
const TRIES = 8;
/** Parked, although there were no others that could show that it is the message. */
const MOST_TRIES = 12;
const ASIDE_CAP_MS = 5_000;

interface Split {
  left: number;
  refused: boolean;
}

/** What a broker that lives has said no to, for a reason that is not known, and what comes next of it. Pure but for `random`. */
export class DeclinedMessages {
  readonly #random: () => number;
  readonly #aside = new Map<Pending, number>();
  /** How many sends had been accepted when a message was refused for the first time. */
  readonly #acceptedBefore = new Map<Pending, number>();
  readonly #splits = new Map<Pending, Split>();
  #batchesAreRefused = false;
  #nextAt = Number.POSITIVE_INFINITY;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Some batch was refused whose messages were all accepted one by one. */
  get batchesAreRefused(): boolean {
    return this.#batchesAreRefused;
  }

  /** When the next message is due; infinite without one. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /** What comes of a batch that was refused once more. `acceptedSends`: of all, since the beginning. */
  next(batch: readonly Pending[], acceptedSends: number): AfterNo {
    for (const pending of batch) {
      pending.refusals++;
      if (!this.#acceptedBefore.has(pending)) this.#acceptedBefore.set(pending, acceptedSends);
    }
    const [pending, ...others] = batch;
    if (!pending) return 'as it is';
    const isKnown = others.length === 0 && pending.wasRefused;
    if (pending.refusals < TRIES_AS_IT_IS && !isKnown) return 'as it is';
    if (others.length > 0) return 'one by one';
    const split = this.#splits.get(pending);
    if (split) split.refused = true;
    const othersPassed = acceptedSends > (this.#acceptedBefore.get(pending) ?? 0);
    const tries = pending.wasRefused ? 1 : othersPassed ? TRIES : MOST_TRIES;
    if (pending.refusals < tries) return 'aside';
    this.#forget(pending);
    return 'park';
  }

  /** The batch goes one by one. */
  split(batch: readonly Pending[]): void {
    const split: Split = { left: batch.length, refused: false };
    for (const pending of batch) this.#splits.set(pending, split);
  }

  /** Keeps the message until it is due; returns when that is. */
  stepAside(pending: Pending, now: number): number {
    const at = now + backoffMs(pending.refusals - TRIES_AS_IT_IS + 1, this.#random, ASIDE_CAP_MS);
    this.#aside.set(pending, at);
    this.#nextAt = Math.min(this.#nextAt, at);
    return at;
  }

  /** The messages that are due, taken out. */
  due(now: number): readonly Pending[] {
    if (now < this.#nextAt) return [];
    const due = [...this.#aside].filter(([, at]) => at <= now).map(([pending]) => pending);
    for (const pending of due) this.#aside.delete(pending);
    this.#nextAt = Math.min(Number.POSITIVE_INFINITY, ...this.#aside.values());
    return due;
  }

  accepted(batch: readonly Pending[]): void {
    if (this.#acceptedBefore.size === 0) return;
    for (const pending of batch) {
      const split = this.#splits.get(pending);
      if (split && --split.left === 0 && !split.refused) this.#batchesAreRefused = true;
      this.#forget(pending);
    }
  }

  #forget(pending: Pending): void {
    this.#acceptedBefore.delete(pending);
    this.#splits.delete(pending);
  }
}
