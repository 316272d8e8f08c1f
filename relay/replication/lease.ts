/** Of the time that the server waits for a status of ours, how much the relay uses; the rest is for a send on its way. */
const USED_SHARE = 0.75;

/**
 * Until when the slot is certainly this relay's. The server takes it away when it has received no status of the relay's for so
 * long; what the relay knows is when it has asked the server, by the monotonic clock, and which status that had received
 * last. Pure.
 */
export class Lease {
  readonly #holdsForMs: number;
  /** The server has received a status at this moment or later. */
  #provenAt: number;
  #askedAt: number;
  #lastStatus: string | undefined;

  /** `startedAt`: before the server was asked to stream. `timeoutMs`: how long it waits; 0 for ever. */
  constructor(startedAt: number, timeoutMs: number) {
    this.#holdsForMs = timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs * USED_SHARE;
    this.#provenAt = startedAt;
    this.#askedAt = startedAt;
  }

  /** What the server answered to a question asked then: the status that it had received last, as whatever tells one from another. */
  answered(askedAt: number, lastStatus: string): void {
    // Received after the question before it was answered, so after that was asked. How late this answer is read plays no part.
    if (lastStatus !== this.#lastStatus) this.#provenAt = this.#askedAt;
    this.#lastStatus = lastStatus;
    this.#askedAt = askedAt;
  }

  isHeld(now: number): boolean {
    return now < this.#provenAt + this.#holdsForMs;
  }
}
