import { setTimeout as sleep } from 'node:timers/promises';
import type { RowsReply } from '../programs/row-writer.ts';
import { processCpuUs, startCpuMeter } from './cpu.ts';
import type { Sample } from './figure.ts';
import type { RunningProcess, Worker } from './processes.ts';
import { type RelayRig, untilCaughtUp } from './relay-rig.ts';
import type { Server } from './server.ts';
import { quantile } from './statistics.ts';

export interface LatencyRun {
  readonly server: Server;
  /** One that keeps its entries. */
  readonly broker: Worker;
  readonly bodies: readonly Buffer[];
  /** `bench/programs/row-writer.ts` */
  readonly writer: Worker;
  readonly relay: RunningProcess;
  readonly perSecond: number;
  readonly ms: number;
  readonly warmUpMs: number;
}

/** Milliseconds from the answer to a commit until the broker has accepted its event, of rows written at a steady pace. */
export async function measureLatency(run: LatencyRun): Promise<Sample> {
  const { server, broker, relay } = run;
  if (run.warmUpMs > 0) await writeAndWait(run, run.warmUpMs);
  const meter = startCpuMeter({
    relay: () => processCpuUs(relay.pid),
    PostgreSQL: server.cpuUs,
    broker: () => processCpuUs(broker.pid),
  });
  const { committed, accepted } = await writeAndWait(run, run.ms);
  const cpu = meter(committed.size);
  return {
    values: percentiles(
      [...committed].map(([id, atUs]) => ((accepted.get(id) ?? Number.NaN) - atUs) / 1_000),
    ),
    cpu,
  };
}

/** The same of a relay that is started for it and has nothing to catch up on. */
export async function measureRelayLatency(
  rig: RelayRig,
  run: Pick<LatencyRun, 'writer' | 'perSecond' | 'ms' | 'warmUpMs'>,
): Promise<Sample> {
  const relay = rig.startRelay();
  await relay.untilReady(`${rig.relayUrl}/health/ready`);
  await untilCaughtUp(rig);
  const sample = await measureLatency({ ...rig, ...run, relay });
  await relay.stop();
  return sample;
}

export function percentiles(times: readonly number[]): { p50: number; p99: number; 'p99.9': number } {
  if (times.some(Number.isNaN)) throw new Error('Not every event was accepted');
  return { p50: quantile(times, 0.5), p99: quantile(times, 0.99), 'p99.9': quantile(times, 0.999) };
}

/** When the broker accepted what, waiting until it has so many more messages than it had. */
export async function acceptedSince(
  broker: Worker,
  total: number,
  count: number,
): Promise<ReadonlyMap<string, number>> {
  while ((await broker.ask<number>({ kind: 'total' })) < total + count) await sleep(20);
  return broker.ask({ kind: 'accepted', from: total + 1 });
}

async function writeAndWait({ server, broker, bodies, writer, perSecond }: LatencyRun, ms: number) {
  const count = Math.ceil((perSecond * ms) / 1_000);
  const total = await broker.ask<number>({ kind: 'total' });
  const committed = await writer.ask<RowsReply>({ url: server.url, bodies, perSecond, count });
  return { committed, accepted: await acceptedSince(broker, total, count) };
}
