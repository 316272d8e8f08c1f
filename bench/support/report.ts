import type { Environment } from './environment.ts';
import type { Comparison, Figure, OpenFigure } from './figure.ts';
import type { Samples } from './rounds.ts';
import { pairRatios, type Summary, summarize } from './statistics.ts';

/** One line of output: a comparison, its outcome and all that is needed to read it. */
export interface Line extends Summary {
  readonly figure: string;
  readonly comparison: string;
  readonly ours: SideLine;
  readonly beside?: SideLine;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly aim?: number;
  readonly reached?: boolean;
  readonly size: number;
  readonly rounds: number;
  readonly notes?: readonly string[];
  readonly environment: Environment;
}

interface SideLine {
  readonly name: string;
  /** Medians over the rounds. */
  readonly values: Readonly<Record<string, number>>;
  readonly cpuUs: Readonly<Record<string, number>>;
}

/** What came of a figure, a line a comparison. */
export function linesOf(
  figure: Figure,
  open: OpenFigure,
  samples: Samples,
  size: number,
  environment: Environment,
): Line[] {
  return open.comparisons.map((comparison) => {
    const { name, value, ours, beside, atLeast, atMost, aim } = comparison;
    const ourValues = valuesOf(samples, ours, value);
    const summary = summarize(beside ? pairRatios(ourValues, valuesOf(samples, beside, value)) : ourValues);
    const reached = isReached(comparison, summary.median);
    return {
      figure: figure.name,
      comparison: name,
      median: short(summary.median),
      min: short(summary.min),
      max: short(summary.max),
      ...(atLeast !== undefined && { atLeast }),
      ...(atMost !== undefined && { atMost }),
      ...(aim !== undefined && { aim }),
      ...(reached !== undefined && { reached }),
      ours: sideLine(samples, ours),
      ...(beside !== undefined && { beside: sideLine(samples, beside) }),
      size,
      rounds: ourValues.length,
      ...(open.notes && { notes: open.notes }),
      environment,
    };
  });
}

/** The table in Markdown, as docs/performance.md has it. */
export function tableOf(lines: readonly Line[]): string {
  const rows = lines.map(({ figure, comparison, median, min, max, ours, beside, ...line }) => [
    figure,
    comparison,
    `${median} (${min} to ${max})`,
    wantedText(line),
    line.reached === undefined ? '' : line.reached ? 'yes' : '**no**',
    listed(ours),
    beside ? listed(beside) : '',
  ]);
  const head = ['figure', 'beside what', 'median (min to max)', 'wanted', 'reached', 'ours', 'beside it'];
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function isReached({ atLeast, atMost }: Comparison, median: number): boolean | undefined {
  if (atLeast !== undefined) return median >= atLeast;
  if (atMost !== undefined) return median <= atMost;
  return undefined;
}

function wantedText({ atLeast, atMost, aim }: Partial<Comparison>): string {
  const least = atLeast === undefined ? '' : `>= ${atLeast}`;
  const most = atMost === undefined ? '' : `<= ${atMost}`;
  return [least, most, aim === undefined ? '' : `aim ${aim}`].filter(Boolean).join(', ');
}

function valuesOf(samples: Samples, side: string, value: string): number[] {
  return (samples.get(side) ?? []).map(({ values }) => values[value] ?? Number.NaN);
}

function sideLine(samples: Samples, name: string): SideLine {
  const ofSide = samples.get(name) ?? [];
  return {
    name,
    values: medians(ofSide.map(({ values }) => values)),
    cpuUs: medians(ofSide.map(({ cpu }) => cpu)),
  };
}

function medians(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = Object.keys(records[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, short(summarize(records.map((record) => record[name] ?? Number.NaN)).median)]),
  );
}

function listed({ values, cpuUs }: SideLine): string {
  const texts = (record: Readonly<Record<string, number>>) =>
    Object.entries(record).map(([name, value]) => `${name} ${value}`);
  return `${texts(values).join(', ')}; CPU us: ${texts(cpuUs).join(', ')}`;
}

/** Three digits are more than such a measurement is good for. */
function short(value: number): number {
  return Math.abs(value) >= 1_000 ? Math.round(value) : Number(value.toPrecision(3));
}
