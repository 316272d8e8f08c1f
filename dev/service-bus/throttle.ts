const secondMs = 1_000;

/** The operations of a namespace, which has so many credits in each second. What takes the last of them may overdraw. */
export class Throttle {
  readonly #creditsPerSecond: number;
  #left: number;
  #secondStartedAt = 0;

  constructor(creditsPerSecond: number) {
    this.#creditsPerSecond = creditsPerSecond;
    this.#left = creditsPerSecond;
  }

  /** False when the second has no credit left: the operation is to be refused. */
  take(credits: number, now: number): boolean {
    if (now - this.#secondStartedAt >= secondMs) {
      this.#secondStartedAt = now;
      this.#left = this.#creditsPerSecond;
    }
    if (this.#left <= 0) return false;
    this.#left -= credits;
    return true;
  }
}
