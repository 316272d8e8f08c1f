import type { Comparison, Figure, Sample, Side } from '../support/figure.ts';
import { withFloor } from '../support/floor.ts';
import { measureLatency, measureRelayLatency } from '../support/latency.ts';
import { startWorker, type Worker } from '../support/processes.ts';
import { openRelayRig, type RelayRig } from '../support/relay-rig.ts';

const RATES = [100, 1_000, 5_000];
const WARM_UP_MS = 2_000;

export const relayLatency: Figure = {
  name: 'relay.latency',
  what: 'from the answer to a commit until the broker has accepted its event, at 100, 1,000 and 5,000 events a second',
  size: 10_000, // milliseconds
  async open(size) {
    const rig = await openRelayRig({ keep: 200_000 });
    const writer = startWorker('writer', 'bench/programs/row-writer.ts');
    return {
      sides: RATES.flatMap((rate): Side[] => [
        { name: `relay, ${rate}/s`, measure: () => throughRelay(rig, writer, rate, size) },
        { name: `floor, ${rate}/s`, measure: () => throughFloor(rig, writer, rate, size) },
      ]),
      comparisons: RATES.flatMap((rate): Comparison[] => {
        const pair = { ours: `relay, ${rate}/s`, beside: `floor, ${rate}/s` };
        const wanted = rate === 1_000;
        return [
          { name: `p50 at ${rate}/s`, value: 'p50', ...pair, ...(wanted && { atMost: 2, aim: 1.3 }) },
          {
            name: `p99 at ${rate}/s, ms`,
            value: 'p99',
            ours: pair.ours,
            ...(wanted && { atMost: 25, aim: 10 }),
          },
        ];
      }),
      notes: ['floor: the library with a plugin that reads id and body, and one send of the SDK for each'],
      version: rig.server.version,
      async close() {
        await writer.stop();
        await rig.close();
      },
    };
  },
};

function throughRelay(rig: RelayRig, writer: Worker, rate: number, ms: number): Promise<Sample> {
  return measureRelayLatency(rig, { writer, perSecond: rate, ms, warmUpMs: WARM_UP_MS });
}

function throughFloor(rig: RelayRig, writer: Worker, rate: number, ms: number): Promise<Sample> {
  return withFloor(rig, (relay) =>
    measureLatency({ ...rig, writer, relay, perSecond: rate, ms, warmUpMs: WARM_UP_MS }),
  );
}
