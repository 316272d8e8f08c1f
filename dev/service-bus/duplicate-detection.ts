/**
 * Remembers the message ids of the last `windowMs` (0: off). A repeat does not extend the life of the first one,
 * as with the real service. Message ids must be asked about in the order of `now`.
 */
export class DuplicateDetection {
  readonly #windowMs: number;
  /** Arrival time by id. A Map keeps the order of insertion, so the oldest is always at its front. */
  readonly #seen = new Map<string, number>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  /** Whether detection is on at all. */
  get enabled(): boolean {
    return this.#windowMs > 0;
  }

  /** True when the id was seen within the window; otherwise remembers it. A message without an id never repeats. */
  isRepeat(messageId: string | undefined, now: number): boolean {
    if (this.#windowMs <= 0 || messageId === undefined) return false;
    for (const [id, seenAt] of this.#seen) {
      if (now - seenAt < this.#windowMs) break;
      this.#seen.delete(id);
    }
    if (this.#seen.has(messageId)) return true;
    this.#seen.set(messageId, now);
    return false;
  }
}
