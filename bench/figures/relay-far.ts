import type { Figure } from '../support/figure.ts';
import { measureDrain, openRelayRig } from '../support/relay-rig.ts';
import { sdkSide } from '../support/sdk-side.ts';

const DELAY_MS = 20;
/** As many of these messages as go into a batch of the Standard tier, 256 KB. */
const FULL_BATCH = 230;

export const relayFar: Figure = {
  name: 'relay.far',
  what: `the backlog to a broker that answers ${DELAY_MS} ms later, beside the SDK with full batches`,
  size: 200_000,
  async open(size) {
    const rig = await openRelayRig();
    await rig.broker.ask({ kind: 'latency', delayMs: DELAY_MS });
    return {
      sides: [
        { name: 'relay', measure: () => measureDrain(rig, size) },
        sdkSide(rig, 'SDK', size, { batch: FULL_BATCH, inFlight: 4, properties: 'all' }),
      ],
      comparisons: [
        {
          name: 'full batches, 4 in flight',
          value: 'rate',
          ours: 'relay',
          beside: 'SDK',
          atLeast: 0.9,
          aim: 1,
        },
      ],
      notes: [`the SDK's batches have ${FULL_BATCH} messages, which is as many as 256 KB hold`],
      version: rig.server.version,
      close: () => rig.close(),
    };
  },
};
