import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { failpoints } from './failpoints.ts';
import { plants } from './plants/plants.ts';
import { inboxFailpoints } from './saga/inbox-failpoints.ts';
import { sagaPlants } from './saga/saga-plants.ts';
import { shortRetention } from './short-retention.ts';
import { applyPatch, type SourcePatch } from './source-patch.ts';

// Loaded by --import into a relay or an inbox: changes the source of some of its modules while they are loaded. CHAOS_PLANT names a
// planted fault, CHAOS_FAILPOINT a place to die at and at which passing of it: "after_ack:3". CHAOS_SHORT_RETENTION makes the
// minutes of the retention short.

const root = new URL('../../../', import.meta.url);
const patches: SourcePatch[] = [];

if (process.env['CHAOS_SHORT_RETENTION']) patches.push(...shortRetention);

const plant = process.env['CHAOS_PLANT'];
if (plant)
  patches.push(...([...plants, ...sagaPlants].find(({ name }) => name === plant)?.patches ?? unknown(plant)));

const [failpoint, passing = '1'] = process.env['CHAOS_FAILPOINT']?.split(':') ?? [];
if (failpoint) {
  patches.push(
    [...failpoints, ...inboxFailpoints].find(({ name }) => name === failpoint)?.patch ?? unknown(failpoint),
  );
  let left = Number(passing);
  Object.assign(globalThis, {
    chaosFailpoint: () => {
      if (--left === 0) process.kill(process.pid, 'SIGKILL');
    },
  });
}

registerHooks({
  load(url, context, nextLoad) {
    const wanted = patches.filter(({ file }) => new URL(file, root).href === url);
    if (wanted.length === 0) return nextLoad(url, context);
    const text = readFileSync(fileURLToPath(url), 'utf8');
    return { format: 'module-typescript', shortCircuit: true, source: wanted.reduce(applyPatch, text) };
  },
});

function unknown(name: string): never {
  throw new Error(`There is no plant or failpoint ${name}`);
}
