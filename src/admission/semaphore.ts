/** Why there was no permit: too many waited already, none became free in time, or none was given back at all meanwhile. */
export type Denial = 'queue-full' | 'too-late' | 'stuck';

/** So many at once; the others wait in turn, in bounded number and for a bounded time. It has no clock but the wait of each. */
export class Semaphore {
  readonly #permits: number;
  readonly #maxWaiting: number;
  readonly #waiting = new Set<() => void>();
  #inUse = 0;
  #returned = 0;

  constructor(permits: number, maxWaiting: number) {
    this.#permits = permits;
    this.#maxWaiting = maxWaiting;
  }

  get inUse(): number {
    return this.#inUse;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Takes a permit, to be given back by `release`: undefined once it is taken, at once if one is free. */
  acquire(waitMs: number): undefined | Denial | Promise<Denial | undefined> {
    if (this.#inUse < this.#permits) {
      this.#inUse++;
      return undefined;
    }
    if (this.#waiting.size >= this.#maxWaiting) return 'queue-full';
    const returnedBefore = this.#returned;
    return new Promise((resolve) => {
      const hand = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(hand);
        resolve(this.#returned === returnedBefore ? 'stuck' : 'too-late');
      }, waitMs);
      this.#waiting.add(hand);
    });
  }

  /** Gives a permit back: to the one who has waited longest, if anybody waits. */
  release(): void {
    this.#returned++;
    const [next] = this.#waiting;
    if (!next) {
      this.#inUse--;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
