import type { Figure } from '../support/figure.ts';
import { addSettledRows } from '../support/outbox-rows.ts';
import { measureDrain, openRelayRig } from '../support/relay-rig.ts';

const SETTLED_PER_EVENT = 50;

export const relayGrowth: Figure = {
  name: 'relay.growth',
  what: `the backlog with ${SETTLED_PER_EVENT} times as many settled rows in the outbox, beside the same with none`,
  size: 200_000,
  async open(size) {
    const settled = size * SETTLED_PER_EVENT;
    // Two servers, since a slot reads past what is written to another database of its server too.
    const grown = await openRelayRig();
    const empty = await openRelayRig();
    await addSettledRows(grown.server, settled);
    return {
      sides: [
        { name: 'grown', measure: () => measureDrain(grown, size, { keepSettled: true }) },
        { name: 'empty', measure: () => measureDrain(empty, size) },
      ],
      comparisons: [
        { name: 'grown beside empty', value: 'rate', ours: 'grown', beside: 'empty', atLeast: 0.9, aim: 1 },
      ],
      notes: [`${settled} settled rows of the same size`],
      version: grown.server.version,
      async close() {
        await grown.close();
        await empty.close();
      },
    };
  },
};
