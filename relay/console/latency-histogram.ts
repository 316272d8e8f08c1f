const LEAST_MS = 0.01;
/** Each bucket ends 2^(1/8) = 9 % behind the one before it. */
const PER_DOUBLING = 8;
const BUCKETS = 27 * PER_DOUBLING; // up to 22 minutes

/** Counts times in buckets; a percentile is off by 5 % at most. To count one costs a logarithm and an increment. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    const bucket = ms <= LEAST_MS ? 0 : Math.floor(Math.log2(ms / LEAST_MS) * PER_DOUBLING);
    const at = Math.min(bucket, BUCKETS - 1);
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#count++;
  }

  /** The middle of the bucket in which this part of all times lies, from 0 to 1; undefined without any. */
  percentile(part: number): number | undefined {
    if (this.#count === 0) return undefined;
    const wanted = Math.ceil(part * this.#count);
    let at = 0;
    for (let passed = this.#counts[0] as number; passed < wanted; passed += this.#counts[at] as number) at++;
    return LEAST_MS * 2 ** ((at + 0.5) / PER_DOUBLING);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
  }
}
