import { backoffMs } from '../../src/core/backoff.ts';
import type { PublishError } from '../publishing/publish-error.ts';
import type { PublisherLimits } from '../publishing/publisher.ts';

type Batch = readonly { readonly bytes: number }[];

const MOST_DECLINED_IN_A_ROW = 3;
const DECLINED_CAP_MS = 5_000;

export type SendGateLimits = Pick<PublisherLimits, 'maxInFlight' | 'maxBytesSinceOldest'>;

/**
 * Whether the next batch may go: so many in flight at once, not too much since the oldest of them, and after a refusal a pause,
 * then one at a time until one passes. Pure.
 */
export class SendGate {
  readonly #limits: SendGateLimits;
  readonly #random: () => number;
  /** In the order in which they were begun, with the bytes sent before. */
  readonly #inFlight = new Map<Batch, number>();
  #sentBytes = 0;
  #failures = 0;
  /** How many single messages in a row a broker that lives has said no to. */
  #declined = 0;
  #acceptedSends = 0;
  #pausedUntil = 0;
  #refusedSince: number | undefined;
  #acceptedAt = Number.NEGATIVE_INFINITY;

  constructor(limits: SendGateLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  isOpen(now: number): boolean {
    return now >= this.#pausedUntil && !this.isFull;
  }

  /** Nothing more may go before an answer has come. */
  get isFull(): boolean {
    const { maxInFlight, maxBytesSinceOldest } = this.#limits;
    const [oldestAt = this.#sentBytes] = this.#inFlight.values();
    const hasRoom = this.#sentBytes - oldestAt < maxBytesSinceOldest;
    return !hasRoom || this.inFlight >= (this.#failures > 0 ? 1 : maxInFlight);
  }

  sent(batch: Batch): void {
    this.#inFlight.set(batch, this.#sentBytes);
    for (const { bytes } of batch) this.#sentBytes += bytes;
  }

  accepted(batch: Batch, now: number): void {
    this.#inFlight.delete(batch);
    this.#acceptedSends++;
    this.#declined = 0;
    this.#acceptedAt = now;
    // During a pause nothing is sent: this one began before the refusal, and says nothing about what comes after it.
    if (now >= this.#pausedUntil) this.#passes();
  }

  /** The broker will not take anything now; returns when it is tried again. */
  refused(batch: Batch, refusal: Pick<PublishError, 'retryAfterMs'>, now: number, capMs?: number): number {
    this.#inFlight.delete(batch);
    if (now >= this.#pausedUntil) {
      this.#refusedSince ??= now;
      this.#failures++;
      this.#pausedUntil =
        now + Math.max(refusal.retryAfterMs, backoffMs(this.#failures, this.#random, capMs));
    }
    return this.#pausedUntil;
  }

  /** Only what was in this batch was refused; other batches may pass. */
  refusedAlone(batch: Batch): void {
    this.#inFlight.delete(batch);
  }

  /** The broker said no to this one message: the others may pass, unless it goes on saying no to each. */
  declined(batch: Batch, now: number): void {
    this.#inFlight.delete(batch);
    if (++this.#declined >= MOST_DECLINED_IN_A_ROW)
      this.refused(batch, { retryAfterMs: 0 }, now, DECLINED_CAP_MS);
  }

  /** What was refused is parked: the next send shows whether it was the broker or the message. */
  forgive(): void {
    this.#passes();
    this.#declined = 0;
    this.#pausedUntil = 0;
  }

  #passes(): void {
    this.#failures = 0;
    this.#refusedSince = undefined;
  }

  /** Sends that were accepted since the beginning. */
  get acceptedSends(): number {
    return this.#acceptedSends;
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Refusals in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** Since when there were refusals alone; undefined while there is none. */
  get refusedSince(): number | undefined {
    return this.#refusedSince;
  }

  /** When the last send was accepted. */
  get acceptedAt(): number {
    return this.#acceptedAt;
  }

  get pausedUntil(): number {
    return this.#pausedUntil;
  }
}
