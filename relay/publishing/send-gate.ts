import { backoffMs } from '../backoff.ts';
import type { PublishFailure } from './publish-failure.ts';

/** Whether the next batch may go: so many in flight at once, and after a refusal a pause, then one at a time until one passes. Pure. */
export class SendGate {
  readonly #maxInFlight: number;
  readonly #random: () => number;
  #inFlight = 0;
  #failures = 0;
  #pausedUntil = 0;

  constructor(maxInFlight: number, random: () => number) {
    this.#maxInFlight = maxInFlight;
    this.#random = random;
  }

  isOpen(now: number): boolean {
    return now >= this.#pausedUntil && this.#inFlight < (this.#failures > 0 ? 1 : this.#maxInFlight);
  }

  sent(): void {
    this.#inFlight++;
  }

  accepted(now: number): void {
    this.#inFlight--;
    // During a pause nothing is sent: this one began before the refusal, and says nothing about what comes after it.
    if (now >= this.#pausedUntil) this.#failures = 0;
  }

  /** The broker will not take anything now; returns when it is tried again. */
  refused(failure: PublishFailure, now: number): number {
    this.#inFlight--;
    if (now >= this.#pausedUntil) {
      this.#failures++;
      this.#pausedUntil = now + Math.max(failure.retryAfterMs, backoffMs(this.#failures, this.#random));
    }
    return this.#pausedUntil;
  }

  /** Only what was in this batch was refused; other batches may pass. */
  refusedAlone(): void {
    this.#inFlight--;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Refusals in a row. */
  get failures(): number {
    return this.#failures;
  }

  get pausedUntil(): number {
    return this.#pausedUntil;
  }
}
