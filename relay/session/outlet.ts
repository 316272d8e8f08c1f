import { DeclinedMessages } from './declined-messages.ts';
import type { RelayLimits } from './relay-limits.ts';
import { SendGate, type SendGateLimits } from './send-gate.ts';

type OutletLimits = SendGateLimits & Pick<RelayLimits, 'stuckAfterMs'>;

/** What is known of one destination, which is refused and paused alone. */
export class Outlet {
  readonly destination: string;
  readonly gate: SendGate;
  readonly declined: DeclinedMessages;
  /** Why it took nothing the last time. */
  refusal = '';

  readonly #stuckAfterMs: number;

  constructor(destination: string, limits: OutletLimits, random: () => number) {
    this.destination = destination;
    this.gate = new SendGate(limits, random);
    this.#stuckAfterMs = limits.stuckAfterMs;
    this.declined = new DeclinedMessages(random);
  }

  get isAway(): boolean {
    return this.gate.failures > 0;
  }

  /**
   * It has taken nothing for long, and another one does; or, if there is no room to read on, another one could. To be asked
   * when nothing can be sent.
   */
  isStuck(now: number, outlets: readonly Outlet[], isFull: boolean): boolean {
    const { refusedSince = now } = this.gate;
    if (!this.isAway || now - refusedSince < this.#stuckAfterMs) return false;
    // One that is open, and was away the last time, has nothing here that could show whether it still is.
    const takes = ({ isAway, gate }: Outlet) =>
      isFull ? !isAway || gate.isOpen(now) : !isAway && gate.acceptedAt > refusedSince;
    return outlets.some((other) => other !== this && takes(other));
  }

  /** When it has to be asked again although nothing happened; `waits`: something may be for it. */
  wakeAt(now: number, waits: boolean): number {
    const { pausedUntil, isFull } = this.gate;
    const waiting = waits && pausedUntil > now ? pausedUntil : Number.POSITIVE_INFINITY;
    const at = Math.min(waiting, Math.max(this.declined.nextAt, pausedUntil));
    // What is in flight is answered first.
    return isFull || at <= now ? Number.POSITIVE_INFINITY : at;
  }
}
