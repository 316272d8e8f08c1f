import type { PublishError } from '../publishing/publish-error.ts';
import { DeclinedMessages } from './declined-messages.ts';
import { Lanes } from './lanes.ts';
import type { Pending } from './pending.ts';
import type { RelayLimits } from './relay-limits.ts';
import { SendGate } from './send-gate.ts';

/** What has to be known of a failed send. */
export type Refusal = Pick<PublishError, 'kind' | 'message' | 'retryAfterMs'>;

/** What goes to the broker, and when: batches in which no order overtakes itself, as many at once as the broker takes. Pure. */
export class SendQueue {
  readonly #limits: RelayLimits;
  readonly #lanes = new Lanes<Pending>();
  readonly #gate: SendGate;
  readonly #declined: DeclinedMessages;

  constructor(limits: RelayLimits, random: () => number) {
    this.#limits = limits;
    this.#gate = new SendGate(limits, random);
    this.#declined = new DeclinedMessages(random);
  }

  push(pending: Pending): void {
    this.#lanes.push(pending);
  }

  /** The batch to send now, or undefined; from here on it is in flight. */
  next(now: number, maxBytes: number): readonly Pending[] | undefined {
    if (!this.#gate.isOpen(now)) return undefined;
    for (const pending of this.#declined.due(now)) this.#lanes.restore([pending]);
    const { maxBatchCount, oneOrderPerBatch: oneLane } = this.#limits;
    const maxCount = this.sendsSingly ? 1 : maxBatchCount;
    const batch = this.#lanes.take({ maxCount, maxBytes, oneLane });
    if (batch) this.#gate.sent(batch);
    return batch;
  }

  accepted(batch: readonly Pending[], now: number): void {
    this.#gate.accepted(batch, now);
    this.#declined.accepted(batch);
    this.#lanes.release(batch);
  }

  /** Returns when the batch is tried again; undefined: its one message is to be parked. */
  rejected(batch: readonly Pending[], refusal: Refusal, now: number): number | undefined {
    switch (refusal.kind) {
      case 'transient':
      case 'operator':
        return this.#again(batch, refusal, now);
      case 'refused':
        return this.#declinedAgain(batch, refusal, now);
      case 'poison':
        // Each by itself, which shows which one it is.
        return batch.length === 1 ? undefined : this.#splitUp(batch, now);
    }
  }

  /** The broker takes nothing now: the batch goes again. */
  #again(batch: readonly Pending[], refusal: Refusal, now: number): number {
    this.#lanes.restore(batch);
    return this.#gate.refused(batch, refusal, now);
  }

  /** After some tries its messages go one by one; the one that is still refused steps aside with its order, and in the end is parked. */
  #declinedAgain(batch: readonly Pending[], refusal: Refusal, now: number): number | undefined {
    switch (this.#declined.next(batch, this.#gate.acceptedSends)) {
      case 'as it is':
        return this.#again(batch, refusal, now);
      case 'one by one':
        this.#declined.split(batch);
        return this.#splitUp(batch, now);
      case 'aside':
        this.#gate.declined(batch, now);
        return this.#declined.stepAside(batch[0] as Pending, now);
      case 'park':
        this.#gate.forgive();
        return undefined;
    }
  }

  #splitUp(batch: readonly Pending[], now: number): number {
    this.#gate.refusedAlone(batch);
    for (const each of batch) each.alone = true;
    this.#lanes.restore(batch);
    return now;
  }

  /** This message, sent by itself, is to be parked. Returns what waits of its order, in order, taken out. */
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

  /** The broker refuses batches of messages that it takes one by one. */
  get sendsSingly(): boolean {
    return this.#declined.batchesAreRefused;
  }

  /** When `next` has to be asked again although nothing happened. */
  wakeAt(now: number): number | undefined {
    const { pausedUntil, isFull } = this.#gate;
    const waiting = this.#lanes.waiting > 0 && pausedUntil > now ? pausedUntil : Number.POSITIVE_INFINITY;
    const at = Math.min(waiting, Math.max(this.#declined.nextAt, pausedUntil));
    // What is in flight is answered first.
    return isFull || at <= now || at === Number.POSITIVE_INFINITY ? undefined : at;
  }
}
