/**
 * Settles the messages of one receiver so that no outcome is taken for another. rhea 3.0.5 joins the outcomes that are given in one
 * tick, and two neighbours both go out with the first one's: `write_dispositions` in lib/session.js compares from the third on. A
 * message that was dead-lettered beside a completed one was lost. So completes go out together, anything else by itself.
 */
export class SettlingLane {
  readonly #unanswered = new Set<Promise<void>>();
  /** The last one that goes by itself. It never rejects. */
  #alone: Promise<void> = Promise.resolve();

  /** Settles as the broker answers. Rejects with what `complete` rejects with. */
  complete(complete: () => Promise<void>): Promise<void> {
    return this.#track(this.#alone.then(complete));
  }

  /** Any other outcome: when all before it are answered, and before all after it. */
  settleAlone(settle: () => Promise<void>): Promise<void> {
    const settled = Promise.allSettled(this.#unanswered).then(settle);
    this.#alone = Promise.allSettled([settled]).then(() => undefined);
    return this.#track(settled);
  }

  /** Resolves when nothing is unanswered. */
  async idle(): Promise<void> {
    while (this.#unanswered.size > 0) await Promise.allSettled(this.#unanswered);
  }

  #track(settling: Promise<void>): Promise<void> {
    this.#unanswered.add(settling);
    const answered = () => this.#unanswered.delete(settling);
    settling.then(answered, answered);
    return settling;
  }
}
