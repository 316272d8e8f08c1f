import type { BurnRequest } from '../programs/burner.ts';
import { processCpuUs } from '../support/cpu.ts';
import type { Figure, Sample } from '../support/figure.ts';
import { withFloor } from '../support/floor.ts';
import { startWorker } from '../support/processes.ts';
import { openSteadyRig, PER_SECOND, type SteadyRig } from '../support/steady-rig.ts';

const WARM_UP_MS = 15_000;
/** About what the relay and the broker took of an event in `steady`. */
const US_PER_MS = 350;

/** What `steady` would be with a relay that costs as little as one can, and with none, but its CPU gone. */
export const steadyFloor: Figure = {
  name: 'steady.floor',
  what: `${PER_SECOND} orders a second with the floor of relay.latency, and with a process that only burns CPU`,
  size: 30_000, // milliseconds
  pairs: 5,
  async open(size) {
    const rig = await openSteadyRig(size);
    const beside = { value: 'p99', beside: 'without' };
    return {
      sides: [
        { name: 'without', measure: () => without(rig, size) },
        { name: 'with the floor', measure: () => floor(rig, size) },
        { name: 'with the burner', measure: () => burner(rig, size) },
      ],
      comparisons: [
        { name: 'p99 of POST, floor', ours: 'with the floor', ...beside },
        { name: 'p99 of POST, burner', ours: 'with the burner', ...beside },
      ],
      version: rig.server.version,
      close: () => rig.close(),
    };
  },
};

async function without(rig: SteadyRig, ms: number): Promise<Sample> {
  await rig.warmUp(WARM_UP_MS);
  const { sample } = await rig.post(ms, {});
  return sample;
}

async function floor(rig: SteadyRig, ms: number): Promise<Sample> {
  return withFloor(rig, async ({ pid }) => {
    await rig.warmUp(WARM_UP_MS);
    const { sample } = await rig.post(ms, {
      floor: () => processCpuUs(pid),
      broker: () => processCpuUs(rig.broker.pid),
    });
    return sample;
  });
}

async function burner(rig: SteadyRig, ms: number): Promise<Sample> {
  const burning = startWorker('burner', 'bench/programs/burner.ts');
  await burning.ask({ usPerMs: US_PER_MS } satisfies BurnRequest);
  await rig.warmUp(WARM_UP_MS);
  const { sample } = await rig.post(ms, { burner: () => processCpuUs(burning.pid) });
  await burning.stop();
  return sample;
}
