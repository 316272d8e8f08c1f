import type { SeededRandom } from './seeded-random.ts';

/** Something that was begun. What is the relay's dies with it; what is under way to PostgreSQL may still get there. */
export interface Due {
  readonly at: number;
  readonly owner: 'relay' | 'postgres' | 'broker';
  readonly happen: () => void;
}

/** The simulation's time, and what will happen in it. */
export class Schedule {
  readonly #random: SeededRandom;
  #now = 0;
  #due: Due[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get now(): number {
    return this.#now;
  }

  later(owner: Due['owner'], happen: () => void): void {
    const delayMs = this.#random.below(this.#random.chance(0.1) ? 300 : 10);
    this.#due.push({ at: this.#now + delayMs, owner, happen });
  }

  /**
   * Goes on to what happens next, or to `wakeAt`, whichever is earlier, and returns what is due by then, one of it by chance: 'timer' if
   * nothing is, undefined if nothing ever will be.
   */
  next(wakeAt: number | undefined): Due | 'timer' | undefined {
    const at = Math.min(...this.#due.map((due) => due.at), wakeAt ?? Number.POSITIVE_INFINITY);
    if (at === Number.POSITIVE_INFINITY) return undefined;
    this.#now = Math.max(this.#now, at);
    const next = this.#random.pick(this.#due.filter((due) => due.at <= this.#now));
    if (!next) return 'timer';
    this.#due.splice(this.#due.indexOf(next), 1);
    return next;
  }

  /** Takes out everything but the broker's, and returns it. */
  dropAllButBroker(): Due[] {
    const dropped = this.#due.filter(({ owner }) => owner !== 'broker');
    this.#due = this.#due.filter(({ owner }) => owner === 'broker');
    return dropped;
  }
}
