import { parseArgs } from 'node:util';
import { plants } from './plants/plants.ts';
import { type ChaosOptions, runChaos } from './run-chaos.ts';
import { printVerdict, verdictOf } from './verdict.ts';

// npm run chaos -- --seconds 600 --seed 1 [--rate 250] [--sessions] [--plant NAME | --plant all]

/** Some plants do harm only when a fault hits the right moment: they get so many runs. */
const SEEDS_EACH = 3;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    rate: { type: 'string', default: '250' },
    sessions: { type: 'boolean', default: false },
    plant: { type: 'string' },
  },
});
const options: ChaosOptions = {
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  rate: Number(values.rate),
  sessions: values.sessions,
};
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
console.log(`seed ${options.seed}`);
const passed = values.plant === undefined ? await runOnce() : await catchPlants(values.plant);
process.exit(passed ? 0 : 1);

async function runOnce(): Promise<boolean> {
  const result = await runChaos(options);
  console.log(printVerdict(result));
  return result.violations.length === 0;
}

/** A planted fault is caught if what it does wrong is found; that the run fails for another reason does not count. */
async function catchPlants(name: string): Promise<boolean> {
  const chosen = plants.filter((plant) => name === 'all' || plant.name === name);
  if (chosen.length === 0)
    throw new Error(`There is no plant ${name}, but ${plants.map((plant) => plant.name).join(', ')}`);
  const table: object[] = [];
  let caughtAll = true;
  for (const plant of chosen) {
    let caught = false;
    for (let { seed } = options; !caught && seed < options.seed + SEEDS_EACH; seed++) {
      const result = await runChaos({ ...options, seed, plant: plant.name });
      if (chosen.length === 1) console.log(printVerdict(result));
      const { violations } = verdictOf(result);
      caught = (violations[plant.caughtBy] ?? 0) > 0;
      const row = {
        plant: plant.name,
        seed,
        'is caught as': plant.caughtBy,
        found: JSON.stringify(violations),
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
