import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultKind as BrokerFault, Fault } from '../../../../dev/service-bus/faults.ts';
import { type FaultKind, unsettled } from './fault.ts';

const broker = { victim: () => 'broker', excusesRepeats: true } as const;
const A_WHILE = [500, 5_000] as const;

export const brokerFaults = {
  // A service that is busy takes its time to say so, and takes other batches meanwhile.
  brokerBusy: struck('busy', 4, A_WHILE, { probability: 0.3 }, 150),
  brokerAckLost: struck('ackLost', 4, A_WHILE, { times: 3, probability: 0.3 }),
  // Some are answered late meanwhile: what is not answered at all is then in the middle of what is settled.
  brokerHang: struck('hang', 2, A_WHILE, { times: 3, probability: 0.3 }, 300),
  brokerDropBeforeStore: struck('dropBeforeStore', 2, A_WHILE, { probability: 0.3 }),
  brokerDropAfterStore: struck('dropAfterStore', 4, A_WHILE, { times: 3, probability: 0.3 }),
  brokerDetach: struck('detach', 2, A_WHILE, { probability: 0.3 }),
  brokerCloseConnection: struck('closeConnection', 2, A_WHILE, { probability: 0.3 }),
  brokerLatency: struck('latency', 3, A_WHILE, { delayMs: 400 }),
  brokerNotFound: struck('notFound', 1, [2_000, 8_000], {}),
  brokerDisabled: struck('disabled', 1, [2_000, 8_000], {}),
  brokerUnauthorized: struck('unauthorized', 1, [2_000, 8_000], {}),
  brokerQuota: struck('quotaExceeded', 1, [2_000, 8_000], {}),
  brokerFreeze: {
    ...broker,
    label: 'broker: freeze',
    weight: 1,
    durationMs: [2_000, 12_000],
    async run(stage, { durationMs }) {
      const heal = await stage.rig.broker.inject({ kind: 'freeze' });
      await sleep(durationMs);
      const bit = (await unsettled(stage)) > 0;
      await heal();
      return { bit };
    },
  },
  brokerRefuses: {
    ...broker,
    label: 'broker: refuseConnections',
    weight: 1,
    durationMs: [1_000, 8_000],
    async run(stage, { durationMs }) {
      const heal = await stage.rig.broker.inject({ kind: 'refuseConnections' });
      for (const { toBroker } of stage.rig.relays) toBroker.cut();
      await sleep(durationMs);
      const bit = (await unsettled(stage)) > 0;
      await heal();
      return { bit };
    },
  },
  killBroker: {
    ...broker,
    label: 'kill -9 of the broker',
    weight: 3,
    kill: true,
    durationMs: [0, 4_000],
    async run(stage, { durationMs }) {
      const bit = (await unsettled(stage)) > 0;
      await stage.rig.broker.member.stop('SIGKILL');
      await sleep(durationMs);
      await stage.rig.broker.start();
      return { bit };
    },
  },
} satisfies Record<string, FaultKind>;

/** One of the broker's own faults for a while; it has bitten if it has struck. */
function struck(
  kind: BrokerFault,
  weight: number,
  durationMs: readonly [number, number],
  how: Partial<Fault>,
  latencyMs = 0,
): FaultKind {
  return {
    ...broker,
    label: `broker: ${kind}`,
    weight,
    durationMs,
    async run({ rig }, choice) {
      const heal = await rig.broker.inject({ kind, seed: 1 + Math.floor(choice.dice * 1_000_000), ...how });
      const quicken = latencyMs > 0 && (await rig.broker.inject({ kind: 'latency', delayMs: latencyMs }));
      await sleep(choice.durationMs);
      if (quicken) await quicken();
      return { bit: await heal() };
    },
  };
}
