import { pause } from '../../core/pause.ts';
import { answeredWithin } from './answered-within.ts';
import { toReceiveError } from './to-receive-error.ts';

/** What is left of a lock, when the two clocks differ by so much that it seems to be over. */
const LEAST_MS = 1_000;
/** Half of the shortest lock that is usual: of a machine whose clock is behind, every lock seems to last for long. */
const RENEWED_WITHIN_MS = 15_000;

/** A lock that is renewed when half of its time is over, or sooner, until `end`. */
export class RenewedLock {
  readonly #ended = new AbortController();
  readonly #lost = new AbortController();

  /** `renew` resolves with the new end of the lock. */
  constructor(lockedUntil: Date, renew: () => Promise<Date>, renewedWithinMs = RENEWED_WITHIN_MS) {
    void this.#keep(leftMs(lockedUntil), renew, renewedWithinMs);
  }

  /** Aborted when the lock is not ours any more, or `lose` was called. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  lose(reason: unknown): void {
    this.#lost.abort(reason);
    this.end();
  }

  /** Leaves the lock to its end. */
  end(): void {
    this.#ended.abort();
  }

  async #keep(firstMs: number, renew: () => Promise<Date>, renewedWithinMs: number): Promise<void> {
    for (let deadline = performance.now() + firstMs; ; ) {
      const now = performance.now();
      await pause(Math.min((deadline - now) / 2, renewedWithinMs), this.#ended.signal);
      if (this.#ended.signal.aborted) return;
      const askedAt = performance.now();
      try {
        deadline = askedAt + leftMs(await answeredWithin(Math.max(1, deadline - askedAt), renew()));
      } catch (error) {
        const isLost = toReceiveError(error).kind === 'lost' || deadline - performance.now() < 1;
        if (isLost && !this.#ended.signal.aborted) this.lose(error);
      }
    }
  }
}

function leftMs(until: Date): number {
  return Math.max(until.getTime() - Date.now(), LEAST_MS);
}
