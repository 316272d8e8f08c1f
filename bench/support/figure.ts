/** One line of the table in docs/performance.md, and how to measure it. */
export interface Figure {
  readonly name: string;
  /** What is measured, in a line. */
  readonly what: string;
  /** How many events, orders or milliseconds a measurement has, unless `--size` says otherwise. */
  readonly size: number;
  /** Rounds after the warm-up, unless `--pairs` says otherwise. */
  readonly pairs?: number;
  open(size: number): Promise<OpenFigure>;
}

export interface OpenFigure {
  /** Measured in turns: every side once a round. */
  readonly sides: readonly Side[];
  readonly comparisons: readonly Comparison[];
  /** What the reader must know about this run, such as which program stood in for another. */
  readonly notes?: readonly string[];
  /** Of PostgreSQL. */
  readonly version: string;
  close(): Promise<void>;
}

export interface Side {
  readonly name: string;
  measure(): Promise<Sample>;
}

export interface Sample {
  /** Such as `rate` (events a second) or `p50` (milliseconds). */
  readonly values: Readonly<Record<string, number>>;
  /** CPU microseconds per event or order, of each process. */
  readonly cpu: Readonly<Record<string, number>>;
}

/** What is asked of a value: of our side divided by another side's, or of our side's alone. */
export interface Comparison {
  readonly name: string;
  readonly value: string;
  readonly ours: string;
  readonly beside?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly aim?: number;
}
