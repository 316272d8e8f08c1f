import { backoffMs } from '../../src/core/backoff.ts';
import type { PublishFailure } from '../publishing/service-bus/classify-failure.ts';

type Batch = readonly { readonly bytes: number }[];

/** rhea keeps the bytes of whatever was sent after a send that is not answered, also when it was accepted long ago. */
const MAX_BYTES_SINCE_OLDEST = 8 * 1024 * 1024;

/**
 * Whether the next batch may go: so many in flight at once, not too much since the oldest of them, and after a refusal a pause,
 * then one at a time until one passes. Pure.
 */
export class SendGate {
  readonly #maxInFlight: number;
  readonly #random: () => number;
  /** In the order in which they were begun, with the bytes sent before. */
  readonly #inFlight = new Map<Batch, number>();
  #sentBytes = 0;
  #failures = 0;
  #pausedUntil = 0;

  constructor(maxInFlight: number, random: () => number) {
    this.#maxInFlight = maxInFlight;
    this.#random = random;
  }

  isOpen(now: number): boolean {
    const [oldestAt = this.#sentBytes] = this.#inFlight.values();
    const hasRoom = this.#sentBytes - oldestAt < MAX_BYTES_SINCE_OLDEST;
    return (
      now >= this.#pausedUntil && hasRoom && this.inFlight < (this.#failures > 0 ? 1 : this.#maxInFlight)
    );
  }

  sent(batch: Batch): void {
    this.#inFlight.set(batch, this.#sentBytes);
    for (const { bytes } of batch) this.#sentBytes += bytes;
  }

  accepted(batch: Batch, now: number): void {
    this.#inFlight.delete(batch);
    // During a pause nothing is sent: this one began before the refusal, and says nothing about what comes after it.
    if (now >= this.#pausedUntil) this.#failures = 0;
  }

  /** The broker will not take anything now; returns when it is tried again. */
  refused(batch: Batch, failure: PublishFailure, now: number): number {
    this.#inFlight.delete(batch);
    if (now >= this.#pausedUntil) {
      this.#failures++;
      this.#pausedUntil = now + Math.max(failure.retryAfterMs, backoffMs(this.#failures, this.#random));
    }
    return this.#pausedUntil;
  }

  /** Only what was in this batch was refused; other batches may pass. */
  refusedAlone(batch: Batch): void {
    this.#inFlight.delete(batch);
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Refusals in a row. */
  get failures(): number {
    return this.#failures;
  }

  get pausedUntil(): number {
    return this.#pausedUntil;
  }
}
