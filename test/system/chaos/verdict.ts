import { faultKinds } from './fault-driver.ts';
import type { ChaosResult } from './judge.ts';
import type { ViolationKind } from './violation.ts';

const EXAMPLES = 5;

/** The verdict in one object, for a line of JSON. */
export function verdictOf(result: ChaosResult) {
  const { options, commit, orders, events, faults, recovery, repeats, violations } = result;
  const count = (kind: ViolationKind) => violations.filter((violation) => violation.kind === kind).length;
  const bitten = faults.filter(({ bit }) => bit);
  return {
    ...options,
    commit,
    orders: orders.acknowledged,
    cancelled: orders.cancelled,
    unknownOutcomes: orders.unknown,
    committed: events.committed,
    accepted: events.accepted,
    held: events.held,
    faults: Object.fromEntries(countBy(bitten.map(({ kind }) => kind))),
    notBitten: faults.length - bitten.length,
    neverBit: Object.keys(faultKinds).filter((kind) => !bitten.some((fault) => fault.kind === kind)),
    table: result.table,
    kills: bitten.filter(({ kind }) => faultKinds[kind]?.kill).length,
    lost: count('lost'),
    phantom: count('phantom'),
    altered: count('altered'),
    reordered: count('reordered'),
    duplicates: repeats.count,
    oldestDuplicateMs: repeats.oldestMs,
    violations: Object.fromEntries(countBy(violations.map(({ kind }) => kind))),
    ownExits: result.ownExits,
    recoveryMs: Object.fromEntries(
      [...recovery].map(([kind, times]) => [kind, { p50: percentile(times, 0.5), max: Math.max(...times) }]),
    ),
    pass: violations.length === 0,
  };
}

/** The verdict for people, with the line of JSON at the end. */
export function printVerdict(result: ChaosResult): string {
  const verdict = verdictOf(result);
  const { options, violations, timeline, folder, faults, recovery } = result;
  const seconds = (ms: number) => (ms / 1_000).toFixed(1);
  const tried = countBy(faults.map(({ kind }) => kind));
  const faultLines = [...tried]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([kind, count]) => {
      const times = recovery.get(kind);
      const recovered = times
        ? `${seconds(percentile(times, 0.5)).padStart(8)} ${seconds(Math.max(...times)).padStart(8)}`
        : '';
      const bit = String(verdict.faults[kind] ?? 0);
      return `  ${(faultKinds[kind]?.label ?? kind).padEnd(42)} ${bit.padStart(5)} of ${String(count).padStart(3)} ${recovered}`;
    });
  const failed = faults.filter(({ error }) => error !== undefined);
  return [
    '',
    `chaos: ${options.seconds} s, seed ${options.seed}, ${options.rate} orders/s${options.sessions ? ', sessions' : ''}${options.plant ? `, planted: ${options.plant}` : ''}, commit ${verdict.commit}`,
    `  orders      ${verdict.orders} acknowledged (${Math.round(verdict.orders / options.seconds)}/s), ${verdict.cancelled} cancelled, ${verdict.unknownOutcomes} of unknown outcome`,
    `  events      ${verdict.committed} committed, ${verdict.accepted} accepted, ${verdict.held} held back`,
    `  duplicates  ${verdict.duplicates}, the oldest ${seconds(verdict.oldestDuplicateMs)} s`,
    `  lost ${verdict.lost}, phantom ${verdict.phantom}, altered ${verdict.altered}, reordered ${verdict.reordered}`,
    `  table       ${verdict.table.rows} rows and ${Math.round(verdict.table.bytes / 2 ** 20)} MiB at most, a published row gone after ${seconds(verdict.table.oldestPublishedMs)} s at most`,
    `  processes that ended by themselves: ${verdict.ownExits}`,
    '',
    `  ${'fault'.padEnd(42)} ${'bit of all'.padStart(12)} ${'p50 s'.padStart(8)} ${'max s'.padStart(8)} until recovered`,
    ...faultLines,
    ...(options.plant === undefined ? [`  never bit: ${verdict.neverBit.join(', ') || 'none'}`] : []),
    ...failed.map(({ kind, error }) => `  could not be carried out: ${kind}: ${error}`),
    '',
    ...[...countBy(violations.map(({ kind }) => kind))].flatMap(([kind, count]) => [
      `  ${count} x ${kind}`,
      ...violations
        .filter((one) => one.kind === kind)
        .slice(0, EXAMPLES)
        .map(({ id, detail }) => `    ${id} ${detail}`),
    ]),
    ...timeline.map((line) => `  ${line}`),
    verdict.pass ? 'PASS' : `FAIL  (npm run chaos -- --seed ${options.seed} ...; evidence in ${folder})`,
    JSON.stringify(verdict),
  ].join('\n');
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function countBy<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
