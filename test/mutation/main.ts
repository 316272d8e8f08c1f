import { readFileSync } from 'node:fs';
import { commandLine } from '../../dev/command-line.ts';
import { SeededRandom } from '../relay/session/simulation/seeded-random.ts';
import { findMutants, type Mutant } from './find-mutants.ts';
import { MutatedTree } from './mutated-tree.ts';
import { ROOMS, type Room } from './rooms.ts';

const USAGE = `Changes one decision of the relay after the other, in a copy of the checkout, and tells which changes no test finds.

  node test/mutation/main.ts [--room ROOM] [--file TEXT] [--limit N] [--seed S] [--minutes M]

  --room ROOM   one of: ${ROOMS.map(({ name }) => name).join(', ')}; otherwise each
  --file TEXT   only files with this in their paths
  --limit N     so many of each room, chosen by the seed; otherwise all
  --seed S      of the choice; otherwise 1
  --minutes M   begins no mutant after so long; otherwise 60
`;
const WITHIN_MS = 5 * 60_000;

const { values, refuse } = commandLine(USAGE, {
  options: {
    room: { type: 'string' },
    file: { type: 'string', default: '' },
    limit: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '60' },
  },
});
const rooms = ROOMS.filter(({ name }) => values.room === undefined || name === values.room);
if (rooms.length === 0) refuse(`There is no room ${values.room}`);
const [limit, seed, minutes] = ['limit', 'seed', 'minutes'].map(number) as [number, number, number];
const deadline = performance.now() + minutes * 60_000;

const tree = new MutatedTree();
process.once('exit', () => tree.close());
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));
for (const room of rooms) await tryRoom(room);

async function tryRoom({ name, files, stages }: Room): Promise<void> {
  for (const tests of stages) {
    if (!(await tree.passes(tests, WITHIN_MS))) refuse(`The tests of ${name} fail without a mutant`);
  }
  const all = files
    .filter((file) => file.includes(values.file))
    .flatMap((file) => findMutants(file, readFileSync(file, 'utf8')));
  const survivors: Mutant[] = [];
  let tried = 0;
  for (const mutant of chosen(all)) {
    if (performance.now() > deadline) break;
    tried++;
    if (await tree.finds(mutant, stages, WITHIN_MS)) continue;
    survivors.push(mutant);
    console.log(`${mutant.file}:${mutant.line}  ${mutant.what}`);
  }
  console.log(`${name}: ${survivors.length} of ${tried} survived; there are ${all.length}`);
}

/** In the order of the files. */
function chosen(all: readonly Mutant[]): Mutant[] {
  const random = new SeededRandom(seed);
  const left = [...all];
  while (left.length > limit) left.splice(random.below(left.length), 1);
  return left;
}

function number(option: string): number {
  const value = Number(values[option as keyof typeof values]);
  return value > 0 ? value : refuse(`--${option} must be a number above 0`);
}
