import type { Figure } from '../support/figure.ts';
import { fillInOneTransaction } from '../support/outbox-rows.ts';
import { measureDrain, openRelayRig } from '../support/relay-rig.ts';

export const relayBig: Figure = {
  name: 'relay.big',
  what: 'memory and rate with one transaction of that many rows, and memory of one relay after two such backlogs',
  size: 1_000_000,
  async open(size) {
    const rig = await openRelayRig();
    return {
      sides: [
        { name: 'one transaction', measure: () => measureDrain(rig, size, { fill: fillInOneTransaction }) },
        { name: 'as many transactions', measure: () => measureDrain(rig, size) },
        { name: 'twice as many transactions', measure: () => measureDrain(rig, 2 * size) },
      ],
      comparisons: [
        {
          name: 'peak RSS with one transaction, MiB (200 MB are 190)',
          value: 'peakMb',
          ours: 'one transaction',
          atMost: 190,
        },
        {
          name: 'peak RSS with twice as many, MiB',
          value: 'peakMb',
          ours: 'twice as many transactions',
          atMost: 190,
        },
        {
          name: 'RSS after twice as many',
          value: 'endMb',
          ours: 'twice as many transactions',
          beside: 'as many transactions',
          atMost: 1.25,
          aim: 1,
        },
        {
          name: 'rate of one transaction',
          value: 'rate',
          ours: 'one transaction',
          beside: 'as many transactions',
        },
      ],
      version: rig.server.version,
      close: () => rig.close(),
    };
  },
};
