/** What is measured once a second. Milliseconds; null: there was nothing to measure. */
export interface ConsoleSample {
  /** Since 1970. */
  readonly at: number;
  /** Events that the broker has accepted in this second. */
  readonly published: number;
  /** Events that the relay has taken from the WAL or the table in this second. */
  readonly received: number;
  /** From commit to accepted. */
  readonly p50: number | null;
  readonly p99: number | null;
  /** Events that the relay has and that are not settled. */
  readonly unsettled: number;
  /** Batches that the broker has not answered. */
  readonly inFlight: number;
}

const SERIES = ['at', 'published', 'p50', 'p99', 'unsettled', 'inFlight'] as const;

/** The series side by side, the oldest sample first: what a chart wants. */
export type SampleColumns = Readonly<Record<(typeof SERIES)[number], readonly (number | null)[]>>;

/** The last samples, so many of them, in arrays of a fixed size. */
export class SampleHistory {
  readonly #capacity: number;
  readonly #columns: Readonly<Record<(typeof SERIES)[number], Float64Array>>;
  #total = 0;
  #last: ConsoleSample = {
    at: Date.now(),
    published: 0,
    received: 0,
    p50: null,
    p99: null,
    unsettled: 0,
    inFlight: 0,
  };

  constructor(capacity: number) {
    this.#capacity = capacity;
    const columns = SERIES.map((name) => [name, new Float64Array(capacity)] as const);
    this.#columns = Object.fromEntries(columns) as Record<(typeof SERIES)[number], Float64Array>;
  }

  add(sample: ConsoleSample): void {
    const at = this.#total++ % this.#capacity;
    this.#last = sample;
    for (const name of SERIES) this.#columns[name][at] = sample[name] ?? Number.NaN;
  }

  get last(): ConsoleSample {
    return this.#last;
  }

  get columns(): SampleColumns {
    const columns = SERIES.map((name) => [name, this.#ordered(this.#columns[name])] as const);
    return Object.fromEntries(columns) as Record<(typeof SERIES)[number], (number | null)[]>;
  }

  #ordered(column: Float64Array): (number | null)[] {
    const oldest = this.#total % this.#capacity;
    const parts =
      this.#total <= this.#capacity
        ? [column.subarray(0, this.#total)]
        : [column.subarray(oldest), column.subarray(0, oldest)];
    return parts.flatMap((part) => Array.from(part, (value) => (Number.isNaN(value) ? null : round(value))));
  }
}

/** As many digits as anybody can see. */
function round(value: number): number {
  return value > 1e9 ? Math.round(value) : Number(value.toPrecision(4));
}
