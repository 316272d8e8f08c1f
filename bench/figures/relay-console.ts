import { get } from 'node:http';
import type { Figure, Sample } from '../support/figure.ts';
import { measureLatency } from '../support/latency.ts';
import { startWorker, type Worker } from '../support/processes.ts';
import { openRelayRig, type RelayRig, untilCaughtUp } from '../support/relay-rig.ts';

const PER_SECOND = 1_000;
const VIEWERS = 5;
/** A new process each time, whose code V8 compiles for a while. */
const WARM_UP_MS = 15_000;
const SIDES = {
  watched: `${VIEWERS} viewers`,
  alone: 'nobody looks',
  off: 'no console',
};

export const relayConsole: Figure = {
  name: 'relay.console',
  what: `CPU of the relay for an event at ${PER_SECOND} a second: with ${VIEWERS} viewers of the console, with none, and without a console`,
  size: 30_000, // milliseconds
  async open(size) {
    const rig = await openRelayRig({ keep: 200_000 });
    const writer = startWorker('writer', 'bench/programs/row-writer.ts');
    const run = (viewers: number, env: Record<string, string> = {}) =>
      measure({ rig, writer, ms: size }, viewers, env);
    return {
      sides: [
        { name: SIDES.watched, measure: () => run(VIEWERS) },
        { name: SIDES.alone, measure: () => run(0) },
        { name: SIDES.off, measure: () => run(0, { RELAY_CONSOLE: 'off' }) },
      ],
      comparisons: [
        {
          name: 'CPU beside no viewer',
          value: 'cpuUs',
          ours: SIDES.watched,
          beside: SIDES.alone,
          atMost: 1.02,
        },
        { name: 'CPU beside no console', value: 'cpuUs', ours: SIDES.alone, beside: SIDES.off, aim: 1 },
      ],
      version: rig.server.version,
      async close() {
        await writer.stop();
        await rig.close();
      },
    };
  },
};

interface Stage {
  readonly rig: RelayRig;
  readonly writer: Worker;
  readonly ms: number;
}

async function measure(
  { rig, writer, ms }: Stage,
  viewers: number,
  env: Record<string, string>,
): Promise<Sample> {
  const relay = rig.startRelay(env);
  await relay.untilReady(`${rig.relayUrl}/health/ready`);
  await untilCaughtUp(rig);
  const watching = Array.from({ length: viewers }, () => watch(rig.relayUrl));
  const sample = await measureLatency({
    ...rig,
    writer,
    relay,
    perSecond: PER_SECOND,
    ms,
    warmUpMs: WARM_UP_MS,
  });
  for (const stop of watching) stop();
  await relay.stop();
  return { ...sample, values: { ...sample.values, cpuUs: sample.cpu['relay'] ?? Number.NaN } };
}

/** As a browser that has the page open: reads what is pushed. Returns what ends it. */
function watch(relayUrl: string): () => void {
  const request = get(`${relayUrl}/console/live`, (response) => response.resume());
  request.on('error', () => undefined); // it is cut off at the end
  return () => request.destroy();
}
