import type { PublishError } from '../publishing/publish-error.ts';
import { Lanes } from './lanes.ts';
import type { RelayLimits } from './relay-limits.ts';
import { SendGate } from './send-gate.ts';
import type { Pending } from './settlement.ts';

/** What has to be known of a failed send. */
export type Refusal = Pick<PublishError, 'kind' | 'message' | 'retryAfterMs'>;

/** What goes to the broker, and when: batches in which no order overtakes itself, as many at once as the broker takes. Pure. */
export class SendQueue {
  readonly #limits: RelayLimits;
  readonly #lanes = new Lanes<Pending>();
  readonly #gate: SendGate;

  constructor(limits: RelayLimits, random: () => number) {
    this.#limits = limits;
    this.#gate = new SendGate(limits, random);
  }

  push(pending: Pending): void {
    this.#lanes.push(pending);
  }

  /** The batch to send now, or undefined; from here on it is in flight. */
  next(now: number, maxBytes: number): readonly Pending[] | undefined {
    if (!this.#gate.isOpen(now)) return undefined;
    const { maxBatchCount: maxCount, oneOrderPerBatch: oneLane } = this.#limits;
    const batch = this.#lanes.take({ maxCount, maxBytes, oneLane });
    if (batch) this.#gate.sent(batch);
    return batch;
  }

  accepted(batch: readonly Pending[], now: number): void {
    this.#gate.accepted(batch, now);
    this.#lanes.release(batch);
  }

  /** The broker takes nothing now: the batch goes again. Returns when. */
  refused(batch: readonly Pending[], refusal: Refusal, now: number): number {
    this.#lanes.restore(batch);
    return this.#gate.refused(batch, refusal, now);
  }

  /** Some message of the batch can never pass: each goes again by itself, which shows which one. */
  splitUp(batch: readonly Pending[]): void {
    this.#gate.refusedAlone(batch);
    for (const each of batch) each.alone = true;
    this.#lanes.restore(batch);
  }

  /** This message, sent by itself, can never pass. Returns what waits of its order, in order, taken out. */
  withdrawBehind(pending: Pending, batch: readonly Pending[]): readonly Pending[] {
    this.#gate.refusedAlone(batch);
    return this.#lanes.withdraw([pending]);
  }

  get inFlight(): number {
    return this.#gate.inFlight;
  }

  /** Sends refused in a row. */
  get failures(): number {
    return this.#gate.failures;
  }

  /** When `next` has to be asked again although nothing happened. */
  wakeAt(now: number): number | undefined {
    const { pausedUntil } = this.#gate;
    return this.#lanes.waiting > 0 && pausedUntil > now ? pausedUntil : undefined;
  }
}
