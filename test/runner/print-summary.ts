import type { FileResult } from './run-file.ts';
import { type Tier, tierOf } from './tiers.ts';

/** A line for a file that passed, all that it told for one that failed. */
export function printFile({ files, passed, ms, failures, report }: FileResult, whole: boolean): void {
  const sign = failures.length === 0 ? '✔' : '✖';
  if (whole || failures.length > 0) console.log(report);
  const name = files.length === 1 ? files[0] : `${files.length} files of the unit tier`;
  console.log(`${sign} ${name}: ${passed} passed, ${failures.length} failed, ${seconds(ms)}`);
}

/** What came of each tier, and what failed. */
export function printSummary(results: readonly FileResult[]): void {
  const tiers = Map.groupBy(results, ({ files: [file = ''] }) => tierOf(file));
  console.log(`\n${row('tier', 'files', 'passed', 'failed', 'skipped', 'seconds')}`);
  for (const [tier, ofTier] of tiers) console.log(rowOf(tier, ofTier));
  for (const failure of results.flatMap(({ failures }) => failures)) console.log(`✖ ${failure}`);
}

function rowOf(tier: Tier, results: readonly FileResult[]): string {
  const sum = (count: (result: FileResult) => number) => results.reduce((all, one) => all + count(one), 0);
  return row(
    tier,
    String(sum(({ files }) => files.length)),
    String(sum(({ passed }) => passed)),
    String(sum(({ failures }) => failures.length)),
    String(sum(({ skipped }) => skipped)),
    (sum(({ ms }) => ms) / 1000).toFixed(0),
  );
}

function row(tier: string, ...cells: string[]): string {
  return tier.padEnd(12) + cells.map((cell) => cell.padStart(9)).join('');
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
