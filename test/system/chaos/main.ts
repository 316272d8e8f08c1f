import { parseArgs } from 'node:util';
import type { Plant } from './plants/plant.ts';
import { plants } from './plants/plants.ts';
import { runChaos } from './run-chaos.ts';
import { runSagaChaos } from './saga/run-saga-chaos.ts';
import { sagaPlants } from './saga/saga-plants.ts';
import { printSagaVerdict } from './saga/saga-verdict.ts';
import { printVerdict } from './verdict.ts';
import type { Violation } from './violation.ts';

// npm run chaos -- [--saga] --seconds 600 --seed 1 [--rate 250] [--sessions] [--plant NAME | --plant all]

/** What can be run under faults: the order service alone, or with the services that its orders go through. */
interface Chaos {
  readonly rate: number;
  readonly plants: readonly Plant[];
  run(options: Options): Promise<{ readonly violations: readonly Violation[]; readonly told: string }>;
}

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly rate: number;
  readonly sessions: boolean;
  readonly plant?: string;
}

/** Some plants do harm only when a fault hits the right moment: they get so many runs. */
const SEEDS_EACH = 3;

const RELAY: Chaos = {
  rate: 250,
  plants,
  async run(options) {
    const result = await runChaos(options);
    return { violations: result.violations, told: printVerdict(result) };
  },
};
const SAGA: Chaos = {
  rate: 15,
  plants: sagaPlants,
  async run(options) {
    const result = await runSagaChaos(options);
    return { violations: result.violations, told: printSagaVerdict(result) };
  },
};

const { values } = parseArgs({
  options: {
    saga: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    rate: { type: 'string' },
    sessions: { type: 'boolean', default: false },
    plant: { type: 'string' },
  },
});
const chaos = values.saga ? SAGA : RELAY;
const options: Options = {
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  rate: Number(values.rate ?? chaos.rate),
  sessions: values.sessions,
};
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
console.log(`seed ${options.seed}`);
const passed = values.plant === undefined ? await runOnce() : await catchPlants(values.plant);
process.exit(passed ? 0 : 1);

async function runOnce(): Promise<boolean> {
  const { violations, told } = await chaos.run(options);
  console.log(told);
  return violations.length === 0;
}

/** A planted fault is caught if what it does wrong is found; that the run fails for another reason does not count. */
async function catchPlants(name: string): Promise<boolean> {
  const chosen = chaos.plants.filter((plant) => name === 'all' || plant.name === name);
  if (chosen.length === 0)
    throw new Error(`There is no plant ${name}, but ${chaos.plants.map((plant) => plant.name).join(', ')}`);
  const table: object[] = [];
  let caughtAll = true;
  for (const plant of chosen) {
    let caught = false;
    for (let { seed } = options; !caught && seed < options.seed + SEEDS_EACH; seed++) {
      const { violations, told } = await chaos.run({ ...options, seed, plant: plant.name });
      if (chosen.length === 1) console.log(told);
      const kinds = Map.groupBy(violations, ({ kind }) => kind);
      caught = kinds.has(plant.caughtBy);
      const row = {
        plant: plant.name,
        seed,
        'is caught as': plant.caughtBy,
        found: JSON.stringify(Object.fromEntries([...kinds].map(([kind, { length }]) => [kind, length]))),
        caught,
      };
      console.log(JSON.stringify(row));
      table.push(row);
    }
    caughtAll &&= caught;
  }
  console.table(table);
  return caughtAll;
}
