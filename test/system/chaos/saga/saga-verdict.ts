import type { Violation } from '../violation.ts';
import { sagaFaults } from './faults/saga-faults.ts';
import type { SagaResult } from './run-saga-chaos.ts';

const EXAMPLES = 5;

/** The verdict in one object, for a line of JSON. */
export function sagaVerdictOf({ options, commit, evidence, faults, violations }: SagaResult) {
  const { orders, emitted, handled, sent, deadLetters } = evidence;
  const bitten = faults.filter(({ bit }) => bit);
  return {
    ...options,
    commit,
    orders: orders.length,
    states: countBy(orders.map(({ status }) => status)),
    events: emitted.length,
    sent: sent.length,
    handled: handled.length,
    deadLetters: deadLetters.length,
    faults: countBy(bitten.map(({ kind }) => kind)),
    bitten: bitten.length,
    notBitten: faults.length - bitten.length,
    neverBit: Object.keys(sagaFaults).filter((kind) => !bitten.some((fault) => fault.kind === kind)),
    kills: bitten.filter(({ kind }) => sagaFaults[kind]?.kill).length,
    violations: countBy(violations.map(({ kind }) => kind)),
    pass: violations.length === 0,
  };
}

/** The verdict for people, with the line of JSON at the end. */
export function printSagaVerdict(result: SagaResult): string {
  const verdict = sagaVerdictOf(result);
  const { options, violations, folder, faults } = result;
  const tried = countBy(faults.map(({ kind }) => kind));
  return [
    '',
    `chaos of the saga: ${options.seconds} s, seed ${options.seed}, ${options.rate} orders/s, ${options.sessions ? 'sessions' : 'no sessions'}${options.plant ? `, planted: ${options.plant}` : ''}, commit ${verdict.commit}`,
    `  orders      ${verdict.orders}: ${Object.entries(verdict.states)
      .map(([status, count]) => `${count} ${status}`)
      .join(', ')}`,
    `  events      ${verdict.events} committed, ${verdict.sent} messages accepted, ${verdict.handled} handled, ${verdict.deadLetters} dead-lettered`,
    `  ${'fault'.padEnd(48)} bit of all`,
    ...Object.entries(tried).map(
      ([kind, count]) =>
        `  ${(sagaFaults[kind]?.label ?? kind).padEnd(48)} ${verdict.faults[kind] ?? 0} of ${count}`,
    ),
    ...faults
      .filter(({ error }) => error !== undefined)
      .map(({ kind, error }) => `  could not be carried out: ${kind}: ${error}`),
    ...Object.entries(verdict.violations).flatMap(([kind, count]) => [
      `  ${count} x ${kind}`,
      ...examplesOf(violations, kind).map(({ id, detail }) => `    ${id} ${detail}`),
    ]),
    verdict.pass
      ? 'PASS'
      : `FAIL  (npm run chaos -- --saga --seed ${options.seed} ...; evidence in ${folder})`,
    JSON.stringify(verdict),
  ].join('\n');
}

const examplesOf = (violations: readonly Violation[], kind: string) =>
  violations.filter((one) => one.kind === kind).slice(0, EXAMPLES);

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
