import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { drain, STUCK_AFTER_MS } from './drain.ts';
import { type FaultRecord, faultKinds, runFaults } from './fault-driver.ts';
import { planFaults } from './fault-plan.ts';
import { History } from './history.ts';
import { type ChaosResult, judge, type Observed } from './judge.ts';
import { OrderClients } from './order-clients.ts';
import type { Plant } from './plants/plant.ts';
import { plants } from './plants/plants.ts';
import { openRig, type Rig, ready } from './rig.ts';
import { SqlWriters } from './sql-writers.ts';
import { SystemWatch } from './system-watch.ts';
import { Witness } from './witness.ts';

export interface ChaosOptions {
  /** How long there is load; faults happen in all of it but a calm beginning and end. */
  readonly seconds: number;
  readonly seed: number;
  /** Orders a second. */
  readonly rate: number;
  readonly sessions?: boolean;
  /** The name of a planted fault. */
  readonly plant?: string;
}

const CALM_MS = 3_000;
/** Between the beginnings of two faults, in a run of a plant, a short and a long one. */
const GAPS_MS = { plant: [300, 1_500], short: [500, 2_500], long: [1_000, 3_500] } as const;
const ANSWERS_WITHIN_MS = 60_000;
/** A plant that loses something never drains, and is caught by what it has lost. */
const PLANT_STUCK_AFTER_MS = 20_000;

/** Runs the whole system under load and faults, waits until it has recovered, and holds it to what the witness saw. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), `order-service-chaos-${options.seed}-`));
  const history = new History(join(folder, 'history.jsonl'));
  const rig = await openRig({ folder, history, sessions: options.sessions ?? false, plant: options.plant });
  try {
    const result = await judge(options, rig, history, folder, await observe(options, rig, history));
    if (result.violations.length === 0 || options.plant !== undefined) rmSync(folder, { recursive: true });
    return result;
  } finally {
    await rig.close();
  }
}

async function observe(options: ChaosOptions, rig: Rig, history: History): Promise<Observed> {
  const { seed, rate } = options;
  const planted = plants.find(({ name }) => name === options.plant);
  const witness = new Witness(rig.databaseUrl);
  await witness.start();
  if (planted?.alone) await rig.relays[1]?.member.stop('SIGTERM');
  const urls = rig.apis.map(({ fromClients }) => `http://localhost:${fromClients.port}`);
  const clients = new OrderClients({ urls, seed, rate, history });
  const rounds = planted ? 10 : Math.min(10, Math.max(2, rate / 25));
  const writers = new SqlWriters({ url: rig.databaseUrl, seed: seed + 1, rate: rounds });
  const watch = new SystemWatch(rig);
  const poison = new Set<string>();
  const troubled = new Set<string>();
  const failures: string[] = [];
  const faults: FaultRecord[] = [];
  clients.start();
  writers.start();
  watch.start();
  try {
    await sleep(CALM_MS);
    const stage = { rig, clients, poison, troubled };
    faults.push(...(await runFaults(planOf(options, planted), faultKinds, stage, history)));
    await rig.heal().catch((error: unknown) => failures.push(String(error)));
    await sleep(CALM_MS);
  } finally {
    await Promise.all([writers.stop(), clients.stop(ANSWERS_WITHIN_MS), watch.stop()]);
  }
  const stuck = await drain(rig, poison, planted ? PLANT_STUCK_AFTER_MS : STUCK_AFTER_MS);
  if (stuck !== undefined) failures.push(stuck);
  // Not before: with all that load, and a machine that is busy, a process that recovers takes what it takes.
  else await ready([...rig.apis, ...rig.relays]).catch((error: unknown) => failures.push(String(error)));
  await witness.finish();
  await history.close();
  return {
    committed: witness.committed,
    placed: clients.placed,
    faults,
    poison,
    troubled,
    sightings: watch.sightings,
    notDrained: failures,
  };
}

function planOf(options: ChaosOptions, planted: Plant | undefined) {
  const { seed } = options;
  const seconds = Math.max(options.seconds, planted?.seconds ?? 0);
  const gapMs = planted ? GAPS_MS.plant : seconds < 200 ? GAPS_MS.short : GAPS_MS.long;
  const everything = Object.fromEntries(
    Object.entries(faultKinds).map(([kind, { weight }]) => [kind, weight]),
  );
  const lengthMs = Math.max(0, seconds * 1_000 - 2 * CALM_MS);
  return planFaults({ seed, lengthMs, gapMs, weights: planted?.weights ?? everything, kinds: faultKinds });
}
