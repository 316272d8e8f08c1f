/** What has been reached, and when, in milliseconds since 1970. */
export interface Step {
  readonly step: string;
  readonly at: number;
}

const WIDTH = 40;

/** A line for the way from each step to the next: what it is, where in the whole it lies, and the milliseconds it took. */
export function timeBars(steps: readonly Step[]): string[] {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last) return [];
  const perColumn = (last.at - first.at) / WIDTH || 1;
  const columnOf = ({ at }: Step) =>
    Math.min(WIDTH - 1, Math.max(0, Math.floor((at - first.at) / perColumn)));
  const ways = steps.slice(1).map((to, index) => ({ from: steps[index] ?? first, to }));
  const names = ways.map(({ from, to }) => `${from.step} → ${to.step}`);
  const longest = Math.max(...names.map((name) => name.length));
  return ways.map(({ from, to }, index) => {
    const column = columnOf(from);
    const bar = ' '.repeat(column) + '█'.repeat(Math.max(1, columnOf(to) - column));
    // Two clocks may differ by less than a step takes.
    const ms = Math.max(0, to.at - from.at).toFixed(1);
    return `${names[index]?.padEnd(longest)}  ${bar.padEnd(WIDTH)}  ${ms.padStart(6)} ms`;
  });
}
