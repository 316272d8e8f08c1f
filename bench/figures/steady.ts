import { processCpuUs } from '../support/cpu.ts';
import type { Figure, Sample } from '../support/figure.ts';
import { acceptedSince, percentiles } from '../support/latency.ts';
import { untilCaughtUp } from '../support/relay-rig.ts';
import { openSteadyRig, PER_SECOND, type SteadyRig } from '../support/steady-rig.ts';

/** The api is the same all along; the relay is a new process each time, whose code V8 compiles for half a minute. */
const WARM_UP_MS = { relay: 30_000, none: 10_000 };

export const steady: Figure = {
  name: 'steady',
  what: `${PER_SECOND} orders a second through all of it, beside the same without the relay`,
  size: 60_000, // milliseconds
  pairs: 5,
  async open(size) {
    const rig = await openSteadyRig(size);
    return {
      sides: [
        { name: 'with the relay', measure: () => withRelay(rig, size) },
        { name: 'without', measure: () => withoutRelay(rig, size) },
      ],
      comparisons: [
        { name: 'p99 of POST', value: 'p99', ours: 'with the relay', beside: 'without', atMost: 1.3 },
        { name: 'p99 of commit to accepted, ms', value: 'acceptedP99', ours: 'with the relay' },
        { name: 'WAL bytes an order', value: 'walBytes', ours: 'with the relay', beside: 'without' },
      ],
      version: rig.server.version,
      close: () => rig.close(),
    };
  },
};

async function withRelay(rig: SteadyRig, ms: number): Promise<Sample> {
  const { server, broker } = rig;
  const relay = rig.startRelay();
  await relay.untilReady(`${rig.relayUrl}/health/ready`);
  await rig.warmUp(WARM_UP_MS.relay);
  await untilCaughtUp(rig); // also with what the run without it has left
  const total = await broker.ask<number>({ kind: 'total' });
  const { sample, answers } = await rig.post(ms, {
    relay: () => processCpuUs(relay.pid),
    broker: () => processCpuUs(broker.pid),
  });
  const accepted = await acceptedSince(broker, total, answers.length);
  const { rows } = await server.db.query<{ message_id: string; aggregate_id: string }>(
    'SELECT message_id, aggregate_id FROM outbox',
  );
  await relay.stop();
  const acceptedUs = new Map(rows.map((row) => [row.aggregate_id, accepted.get(row.message_id)]));
  const times = answers.map(({ body, atUs }) => {
    const { orderId } = JSON.parse(body) as { orderId: string };
    // An event may be accepted before the answer to its request has come back.
    return Math.max(0, ((acceptedUs.get(orderId) ?? Number.NaN) - atUs) / 1_000);
  });
  const { p50, p99 } = percentiles(times);
  return { ...sample, values: { ...sample.values, acceptedP50: p50, acceptedP99: p99 } };
}

async function withoutRelay(rig: SteadyRig, ms: number): Promise<Sample> {
  await rig.warmUp(WARM_UP_MS.none);
  const { sample } = await rig.post(ms, {});
  return sample;
}
