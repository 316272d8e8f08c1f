import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '../../../relay/session/simulation/seeded-random.ts';
import { type FaultRecord, runFaults } from '../fault-driver.ts';
import { planFaults } from '../fault-plan.ts';
import { History } from '../history.ts';
import { OrderClients, type PlacedOrder } from '../order-clients.ts';
import type { Plant } from '../plants/plant.ts';
import { commitOf, ready } from '../rig.ts';
import type { Violation } from '../violation.ts';
import type { DeadLetter, SagaEvidence } from './evidence.ts';
import { sagaFaults } from './faults/saga-faults.ts';
import { judgeSaga } from './judge-saga.ts';
import { readEvidence, readStock } from './read-evidence.ts';
import { drainSaga } from './saga-drain.ts';
import { sagaPlants } from './saga-plants.ts';
import { openSagaRig, PLENTIFUL, type SagaRig } from './saga-rig.ts';

export interface SagaOptions {
  /** How long there is load. */
  readonly seconds: number;
  readonly seed: number;
  /** Orders a second. */
  readonly rate: number;
  readonly sessions: boolean;
  /** The name of a planted fault. */
  readonly plant?: string;
}

export interface SagaResult {
  readonly options: SagaOptions;
  readonly commit: string;
  readonly evidence: SagaEvidence;
  readonly placed: readonly PlacedOrder[];
  readonly faults: readonly FaultRecord[];
  readonly violations: readonly Violation[];
  /** Where history, journal and logs are; they are kept when there are violations. */
  readonly folder: string;
}

const CALM_MS = 2_000;
const GAPS_MS = { plant: [200, 1_200], run: [400, 2_500] } as const;
const ANSWERS_WITHIN_MS = 60_000;
/** Longer than any pause that a process makes by itself; a plant that loses something never drains. */
const STUCK_AFTER_MS = { plant: 25_000, run: 60_000 } as const;
/** Of the products that are soon sold out. */
const SCARCE = ['prod-456', 'prod-789'];

/** Runs the whole saga under load and faults, waits until it has come to rest, and holds it to what is left. */
export async function runSagaChaos(options: SagaOptions): Promise<SagaResult> {
  const planted = sagaPlants.find(({ name }) => name === options.plant);
  const run = { ...options, sessions: planted?.sessions ?? options.sessions };
  const folder = mkdtempSync(join(tmpdir(), `order-service-saga-${options.seed}-`));
  const history = new History(join(folder, 'history.jsonl'));
  const rig = await openSagaRig({ folder, history, sessions: run.sessions, plant: run.plant });
  try {
    const result = await observe(run, planted, rig, history);
    if (result.violations.length === 0 || planted) rmSync(folder, { recursive: true });
    return { ...result, options: run, commit: commitOf(), folder };
  } finally {
    await rig.close();
  }
}

async function observe(options: SagaOptions, planted: Plant | undefined, rig: SagaRig, history: History) {
  const { seed, rate } = options;
  const mode = planted ? 'plant' : 'run';
  const stock = await readStock(rig);
  const stockAtTheStart = new Map(stock.map(({ productId, available }) => [productId, available]));
  const clients = new OrderClients({
    urls: [`http://localhost:${rig.api.fromClients.port}`],
    seed,
    rate,
    history,
    items: someItems,
    cancelledShare: 0.2,
    cancelledAfterMs: 2_000,
  });
  const deadLetters: DeadLetter[] = [];
  const faults: FaultRecord[] = [];
  const failures: string[] = [];
  clients.start();
  try {
    await sleep(CALM_MS);
    const plan = planFaults({
      seed,
      lengthMs: Math.max(0, Math.max(options.seconds, planted?.seconds ?? 0) * 1_000 - 2 * CALM_MS),
      gapMs: GAPS_MS[mode],
      weights: planted?.weights ?? weightsOf(sagaFaults),
      kinds: sagaFaults,
    });
    faults.push(...(await runFaults(plan, sagaFaults, { rig, clients, planted: deadLetters }, history)));
    await rig.heal();
    await sleep(CALM_MS);
  } finally {
    await clients.stop(ANSWERS_WITHIN_MS);
  }
  const stuck = await drainSaga(rig, STUCK_AFTER_MS[mode]);
  if (stuck !== undefined) failures.push(stuck);
  else
    await ready([rig.api, ...rig.relays, ...rig.inboxes]).catch((error: unknown) =>
      failures.push(String(error)),
    );
  await history.close();
  const evidence = await readEvidence(rig, deadLetters, stockAtTheStart);
  const violations: Violation[] = [
    ...failures.map((detail): Violation => ({ kind: 'not drained', id: '', detail })),
    ...judgeSaga(evidence, rig.broker.arrivals(), clients.placed),
  ];
  return { evidence, placed: clients.placed, faults, violations };
}

const weightsOf = (kinds: typeof sagaFaults) =>
  Object.fromEntries(Object.entries(kinds).map(([kind, { weight }]) => [kind, weight]));

/** One or two products, of which some are scarce; one of five orders ends in .13, which is declined. */
function someItems(random: SeededRandom) {
  const one = () => ({ productId: random.pick(random.chance(0.1) ? SCARCE : PLENTIFUL), quantity: 1 });
  const unitPrice = random.chance(0.2) ? 10.13 : 10;
  return [{ ...one(), unitPrice }, ...(random.chance(0.5) ? [{ ...one(), unitPrice: 5 }] : [])];
}
