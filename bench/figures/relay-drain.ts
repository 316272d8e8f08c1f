import type { Figure } from '../support/figure.ts';
import { measureDrain, openRelayRig } from '../support/relay-rig.ts';
import { sdkSide } from '../support/sdk-side.ts';

export const relayDrain: Figure = {
  name: 'relay.drain',
  what: 'a backlog in the WAL until all of it is accepted, marked and acknowledged, beside the SDK alone',
  size: 200_000,
  async open(size) {
    const rig = await openRelayRig();
    const settings = { batch: 100, inFlight: 4 };
    return {
      sides: [
        { name: 'relay', measure: () => measureDrain(rig, size) },
        sdkSide(rig, 'SDK, same bodies', size, { ...settings, properties: 'few' }),
        sdkSide(rig, 'SDK, same messages', size, { ...settings, properties: 'all' }),
      ],
      comparisons: [
        {
          name: 'same bodies, 3 properties',
          value: 'rate',
          ours: 'relay',
          beside: 'SDK, same bodies',
          atLeast: 0.55,
          aim: 0.8,
        },
        { name: 'same messages, 5 properties', value: 'rate', ours: 'relay', beside: 'SDK, same messages' },
      ],
      version: rig.server.version,
      close: () => rig.close(),
    };
  },
};
