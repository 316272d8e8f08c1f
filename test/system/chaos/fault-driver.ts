import { setTimeout as sleep } from 'node:timers/promises';
import { SeededRandom } from '../../relay/session/simulation/seeded-random.ts';
import { brokerFaults } from './faults/broker-faults.ts';
import type { Bite, Choice, FaultKind, Stage } from './faults/fault.ts';
import { networkFaults } from './faults/network-faults.ts';
import { poisonFaults } from './faults/poison-faults.ts';
import { postgresFaults } from './faults/postgres-faults.ts';
import { processFaults } from './faults/process-faults.ts';
import { refusalFaults } from './faults/refusal-faults.ts';
import { settingsFaults } from './faults/settings-faults.ts';
import { slotFaults } from './faults/slot-faults.ts';
import { swallowedFaults } from './faults/swallowed-faults.ts';
import { tableFaults } from './faults/table-faults.ts';
import type { History } from './history.ts';

export const faultKinds: Readonly<Record<string, FaultKind>> = {
  ...processFaults,
  ...postgresFaults,
  ...slotFaults,
  ...brokerFaults,
  ...networkFaults,
  ...swallowedFaults,
  ...tableFaults,
  ...settingsFaults,
  ...poisonFaults,
  ...refusalFaults,
};

/** A fault as it happened. Times are epoch milliseconds. */
export interface FaultRecord {
  readonly kind: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly bit: boolean;
  /** From here on recovery counts. */
  readonly brokenAt: number;
  /** Why it could not be carried out. */
  readonly error?: string;
}

interface PlannedFault {
  readonly kind: string;
  readonly atMs: number;
  readonly choice: Choice;
}

/** The same for the same seed: what happens when, to whom and for how long. In a plan with room for it, every kind happens. */
export function planFaults(
  seed: number,
  lengthMs: number,
  gapMs: readonly [number, number],
  weights: Readonly<Record<string, number>>,
): PlannedFault[] {
  const random = new SeededRandom(seed);
  const between = ([least, most]: readonly [number, number]) => least + random.next() * (most - least);
  const times: number[] = [];
  for (let atMs = between(gapMs); atMs < lengthMs; atMs += between(gapMs)) times.push(atMs);
  const every = Object.keys(weights);
  const kinds = times.map(
    (_, n) => (times.length < 2 * every.length ? undefined : every[n]) ?? random.weighted(weights),
  );
  return shuffled(kinds, random).map((kind, n) => {
    const durationMs = Math.round(between(faultKinds[kind]?.durationMs ?? [0, 0]));
    const choice: Choice = { target: random.chance(0.5) ? 1 : 0, durationMs, dice: random.next() };
    return { kind, atMs: times[n] ?? 0, choice };
  });
}

/** Fisher and Yates' shuffle. */
function shuffled<T>(list: readonly T[], random: SeededRandom): T[] {
  const result = [...list];
  for (let at = result.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [result[at], result[other]] = [result[other] as T, result[at] as T];
  }
  return result;
}

/** Lets the faults happen and resolves when the last one is healed. Those of one victim wait for each other. */
export async function runFaults(
  plan: readonly PlannedFault[],
  stage: Stage,
  history: History,
): Promise<FaultRecord[]> {
  const records: FaultRecord[] = [];
  const busy = new Map<string, Promise<void>>();
  const start = performance.now();
  const end = plan.at(-1)?.atMs ?? 0;
  for (const { kind, atMs, choice } of plan) {
    await sleep(Math.max(0, start + atMs - performance.now()));
    const fault = faultKinds[kind];
    if (!fault) throw new Error(`There is no fault ${kind}`);
    const victim = fault.victim(choice);
    const before = busy.get(victim) ?? Promise.resolve();
    const happening = before.then(async () => {
      // What could not begin in time would only make the run longer.
      if (performance.now() > start + end + 1_000) return;
      records.push(await carryOut(kind, fault, stage, choice, history));
    });
    busy.set(victim, happening);
  }
  await Promise.all(busy.values());
  return records;
}

async function carryOut(
  kind: string,
  fault: FaultKind,
  stage: Stage,
  choice: Choice,
  history: History,
): Promise<FaultRecord> {
  const startedAt = Date.now();
  history.add('fault begins', { kind, ...choice });
  const ended = await fault.run(stage, choice).catch((error: unknown): Bite & { error: string } => ({
    bit: false,
    error: String(error),
  }));
  const endedAt = Date.now();
  history.add('fault ends', { kind, ...ended });
  return { kind, startedAt, endedAt, brokenAt: endedAt, ...ended };
}
