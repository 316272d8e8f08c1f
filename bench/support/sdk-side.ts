import type { SendReply, SendRequest } from '../programs/sdk-sender.ts';
import { processCpuUs, startCpuMeter } from './cpu.ts';
import type { Sample, Side } from './figure.ts';
import { startWorker } from './processes.ts';
import type { RelayRig } from './relay-rig.ts';

type Settings = Pick<SendRequest, 'batch' | 'inFlight' | 'properties' | 'sessions'>;

/** Events a second of the SDK alone, in a process that is as new as the relay's. */
export function sdkSide(rig: RelayRig, name: string, count: number, settings: Settings): Side {
  return { name, measure: () => measureSdk(rig, count, settings) };
}

export async function measureSdk(rig: RelayRig, count: number, settings: Settings): Promise<Sample> {
  const { broker, brokerUrl: connectionString, bodies } = rig;
  const sender = startWorker('sdk', 'bench/programs/sdk-sender.ts');
  const meter = startCpuMeter({ broker: () => processCpuUs(broker.pid) });
  const { seconds, cpuUs } = await sender.ask<SendReply>({ ...settings, connectionString, bodies, count });
  await sender.stop();
  return { values: { rate: count / seconds }, cpu: { sdk: cpuUs / count, ...meter(count) } };
}
