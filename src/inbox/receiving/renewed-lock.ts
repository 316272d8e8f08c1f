import { answeredWithin } from './answered-within.ts';
import { toReceiveError } from './to-receive-error.ts';

/** What is left of a lock, when the two clocks differ by so much that it seems to be over. */
const LEAST_MS = 1_000;
/** Half of the shortest lock that is usual: of a machine whose clock is behind, every lock seems to last for long. */
const RENEWED_WITHIN_MS = 15_000;

/** A lock that is renewed when half of its time is over, or sooner, until `end`. */
export class RenewedLock {
  readonly #renew: () => Promise<Date>;
  readonly #renewedWithinMs: number;
  readonly #lost = new AbortController();
  #hasEnded = false;
  #timer: NodeJS.Timeout | undefined;

  /** `renew` resolves with the new end of the lock. */
  constructor(lockedUntil: Date, renew: () => Promise<Date>, renewedWithinMs = RENEWED_WITHIN_MS) {
    this.#renew = renew;
    this.#renewedWithinMs = renewedWithinMs;
    this.#renewBefore(performance.now() + leftMs(lockedUntil));
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
    this.#hasEnded = true;
    clearTimeout(this.#timer); // a timer that is cleared costs less for each message than a signal that is aborted
  }

  #renewBefore(deadline: number): void {
    if (this.#hasEnded) return;
    const waitMs = Math.min((deadline - performance.now()) / 2, this.#renewedWithinMs);
    this.#timer = setTimeout(() => void this.#renewOnce(deadline), waitMs);
  }

  async #renewOnce(deadline: number): Promise<void> {
    const askedAt = performance.now();
    let until = deadline;
    try {
      until = askedAt + leftMs(await answeredWithin(Math.max(1, deadline - askedAt), this.#renew()));
    } catch (error) {
      const isLost = toReceiveError(error).kind === 'lost' || deadline - performance.now() < 1;
      if (isLost && !this.#hasEnded) this.lose(error);
    }
    this.#renewBefore(until);
  }
}

function leftMs(until: Date): number {
  return Math.max(until.getTime() - Date.now(), LEAST_MS);
}
