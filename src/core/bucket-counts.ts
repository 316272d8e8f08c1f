/**
 * Counts values in fixed buckets, for a histogram of Prometheus: a value costs an increment and few comparisons, where one of
 * prom-client's own histogram costs a microsecond.
 */
export class BucketCounts {
  /** The upper bound of each bucket but the last, which has none. */
  readonly bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;
  /** Where the last value was: the next one is mostly near it. */
  #at = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    const { bounds } = this;
    let at = this.#at;
    while (at < bounds.length && value > (bounds[at] as number)) at++;
    while (at > 0 && value <= (bounds[at - 1] as number)) at--;
    this.#at = at;
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#sum += value;
  }

  get sum(): number {
    return this.#sum;
  }

  /** How many values there were up to each bound, and last how many in all. */
  cumulative(): number[] {
    let total = 0;
    return Array.from(this.#counts, (count) => (total += count));
  }
}
