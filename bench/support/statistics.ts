/** Of the figures of several rounds. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The value below which this share of the others lies (0.5: the median), interpolated. Throws for no values. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError('No values');
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

export function summarize(values: readonly number[]): Summary {
  return { median: quantile(values, 0.5), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Of two things measured alternately: each round's ratio, so that a machine that was slow for a round was slow for both.
 * The median of the ratios is not the ratio of the medians.
 */
export function pairRatios(ours: readonly number[], beside: readonly number[]): number[] {
  if (ours.length !== beside.length) throw new RangeError(`${ours.length} and ${beside.length} rounds`);
  return ours.map((value, round) => value / (beside[round] ?? Number.NaN));
}
