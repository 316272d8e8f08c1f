import type { Figure } from '../support/figure.ts';
import { measureDrain, openRelayRig } from '../support/relay-rig.ts';
import { measureSdk, sdkSide } from '../support/sdk-side.ts';

const CONCURRENCY = [16, 64, 256, 1_024];

export const relaySessions: Figure = {
  name: 'relay.sessions',
  what: 'the backlog with sessions, one event an order, beside the SDK sending singles as it does best',
  size: 50_000,
  async open(size) {
    const rig = await openRelayRig({ env: { SERVICEBUS_SESSIONS: 'true' } });
    const settings = { batch: 1, properties: 'all', sessions: true } as const;
    let best = { inFlight: 1, rate: 0 };
    for (const inFlight of CONCURRENCY) {
      const { values } = await measureSdk(rig, Math.min(size, 10_000), { ...settings, inFlight });
      const { rate = 0 } = values;
      if (rate > best.rate) best = { inFlight, rate };
    }
    return {
      sides: [
        { name: 'relay', measure: () => measureDrain(rig, size) },
        sdkSide(rig, 'SDK', size, { ...settings, inFlight: best.inFlight }),
      ],
      comparisons: [{ name: 'singles', value: 'rate', ours: 'relay', beside: 'SDK', atLeast: 0.8 }],
      notes: [`the SDK is best with ${best.inFlight} of ${CONCURRENCY.join(', ')} in flight`],
      version: rig.server.version,
      close: () => rig.close(),
    };
  },
};
