import { setTimeout as sleep } from 'node:timers/promises';
import type { PlannedFault } from './fault-plan.ts';
import { brokerFaults } from './faults/broker-faults.ts';
import type { Bite, Choice, FaultKind } from './faults/fault.ts';
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

/** Of the rig: two for each process. */
const NETWORKS = 8;

export const faultKinds: Readonly<Record<string, FaultKind>> = {
  ...processFaults,
  ...postgresFaults,
  ...slotFaults,
  ...brokerFaults,
  ...networkFaults(NETWORKS),
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

/** Lets the faults happen and resolves when the last one is healed. Those of one victim wait for each other. */
export async function runFaults<S>(
  plan: readonly PlannedFault[],
  kinds: Readonly<Record<string, FaultKind<S>>>,
  stage: S,
  history: History,
): Promise<FaultRecord[]> {
  const records: FaultRecord[] = [];
  const busy = new Map<string, Promise<void>>();
  const start = performance.now();
  const end = plan.at(-1)?.atMs ?? 0;
  for (const { kind, atMs, choice } of plan) {
    await sleep(Math.max(0, start + atMs - performance.now()));
    const fault = kinds[kind];
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

async function carryOut<S>(
  kind: string,
  fault: FaultKind<S>,
  stage: S,
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
