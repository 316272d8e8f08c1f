import type { SessionFigures } from '../monitoring/session-figures.ts';
import type { PublishError } from '../publishing/publish-error.ts';
import { type BatchLimits, Lanes } from './lanes.ts';
import { Outlet } from './outlet.ts';
import type { Pending } from './pending.ts';
import type { RelayLimits } from './relay-limits.ts';

/** What has to be known of a failed send. */
export type Refusal = Pick<PublishError, 'kind' | 'message' | 'retryAfterMs'>;

export interface SendQueueOptions {
  readonly limits: RelayLimits;
  readonly random: () => number;
  /** Those that are known beforehand. */
  readonly destinations: readonly string[];
}

/** What is not sent, but parked. */
export interface Withdrawn {
  /** The first of each order. */
  readonly first: readonly Pending[];
  /** What waits behind those, in order. */
  readonly behind: readonly Pending[];
  readonly reason: string;
}

const NONE_AWAY: ReadonlyMap<string, number> = new Map();

/** What goes to the broker, and when: batches in which no order overtakes itself, as many at once as each destination takes. Pure. */
export class SendQueue {
  readonly #limits: RelayLimits;
  readonly #random: () => number;
  readonly #lanes = new Lanes<Pending>();
  readonly #outlets = new Map<string, Outlet>();
  /** Of the last message: most follow one for the same destination. */
  #outlet: Outlet | undefined;

  constructor({ limits, random, destinations }: SendQueueOptions) {
    this.#limits = limits;
    this.#random = random;
    for (const destination of destinations) this.#outletOf(destination);
  }

  push(pending: Pending): void {
    if (pending.destination !== this.#outlet?.destination) this.#outlet = this.#outletOf(pending.destination);
    this.#lanes.push(pending);
  }

  /** The batch to send now, or undefined; from here on it is in flight. */
  next(now: number, maxBytes: number): readonly Pending[] | undefined {
    let isOpen = false;
    for (const { gate, declined } of this.#outlets.values()) {
      if (!gate.isOpen(now)) continue;
      isOpen = true;
      for (const pending of declined.due(now)) this.#lanes.restore([pending]);
    }
    const batch = isOpen ? this.#lanes.take((to) => this.#batchLimits(to, now, maxBytes)) : undefined;
    if (batch) this.#outletFor(batch).gate.sent(batch);
    return batch;
  }

  #batchLimits(destination: string, now: number, maxBytes: number): BatchLimits | undefined {
    const { gate, declined } = this.#outletOf(destination);
    if (!gate.isOpen(now)) return undefined;
    const { maxBatchCount, oneOrderPerBatch: oneLane } = this.#limits;
    return { maxCount: declined.batchesAreRefused ? 1 : maxBatchCount, maxBytes, oneLane };
  }

  accepted(batch: readonly Pending[], now: number): void {
    const { gate, declined } = this.#outletFor(batch);
    gate.accepted(batch, now);
    declined.accepted(batch);
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

  /** The destination takes nothing now: the batch goes again. */
  #again(batch: readonly Pending[], refusal: Refusal, now: number): number {
    const outlet = this.#outletFor(batch);
    outlet.refusal = refusal.message;
    this.#lanes.restore(batch);
    return outlet.gate.refused(batch, refusal, now);
  }

  /** After some tries its messages go one by one; the one that is still refused steps aside with its order, and in the end is parked. */
  #declinedAgain(batch: readonly Pending[], refusal: Refusal, now: number): number | undefined {
    const outlet = this.#outletFor(batch);
    const { gate, declined } = outlet;
    outlet.refusal = refusal.message;
    switch (declined.next(batch, gate.acceptedSends)) {
      case 'as it is':
        return this.#again(batch, refusal, now);
      case 'one by one':
        declined.split(batch);
        return this.#splitUp(batch, now);
      case 'aside':
        gate.declined(batch, now);
        return declined.stepAside(batch[0] as Pending, now);
      case 'park':
        gate.forgive();
        return undefined;
    }
  }

  #splitUp(batch: readonly Pending[], now: number): number {
    this.#outletFor(batch).gate.refusedAlone(batch);
    for (const each of batch) each.alone = true;
    this.#lanes.restore(batch);
    return now;
  }

  /** The one message of this batch, and what waits of its order, taken out. */
  withdraw(batch: readonly Pending[], reason: string): Withdrawn {
    this.#outletFor(batch).gate.refusedAlone(batch);
    return { first: batch, behind: this.#lanes.withdraw(batch), reason };
  }

  /** What waits for each destination that takes nothing for long while others do, taken out. `isFull`: there is no room to read on. */
  withdrawStuck(now: number, isFull: boolean): readonly Withdrawn[] {
    if (this.#outlets.size === 1) return [];
    const outlets = [...this.#outlets.values()];
    return outlets.flatMap((outlet) => {
      if (!outlet.isStuck(now, outlets, isFull)) return [];
      const first = this.#lanes.takeStanding(outlet.destination);
      if (first.length === 0) return [];
      return {
        first,
        behind: this.#lanes.withdraw(first),
        reason: `${outlet.destination} takes nothing: ${outlet.refusal}`,
      };
    });
  }

  get inFlight(): number {
    let inFlight = 0;
    for (const { gate } of this.#outlets.values()) inFlight += gate.inFlight;
    return inFlight;
  }

  get figures(): Omit<SessionFigures, 'lockedRows' | 'parkedOrders'> {
    let failures = 0;
    let sendsSingly = false;
    let away = NONE_AWAY;
    for (const { destination, gate, declined } of this.#outlets.values()) {
      failures = Math.max(failures, gate.failures);
      sendsSingly ||= declined.batchesAreRefused;
      if (gate.failures > 0) away = new Map(away).set(destination, gate.failures);
    }
    return { failures, away, sendsSingly, sendsInFlight: this.inFlight };
  }

  /** When `next` has to be asked again although nothing happened. */
  wakeAt(now: number): number | undefined {
    const waits = this.#lanes.waiting > 0;
    let at = Number.POSITIVE_INFINITY;
    for (const outlet of this.#outlets.values()) at = Math.min(at, outlet.wakeAt(now, waits));
    return at === Number.POSITIVE_INFINITY ? undefined : at;
  }

  #outletFor(batch: readonly Pending[]): Outlet {
    return this.#outletOf((batch[0] as Pending).destination);
  }

  #outletOf(destination: string): Outlet {
    let outlet = this.#outlets.get(destination);
    if (!outlet) {
      outlet = new Outlet(destination, this.#limits, this.#random);
      this.#outlets.set(destination, outlet);
    }
    return outlet;
  }
}
