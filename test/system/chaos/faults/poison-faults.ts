import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Event, type FaultKind, publish } from './fault.ts';

const NEXT_EVENT_MS = 300;

// A row of each kind that can never be sent.
export const poisonFaults = {
  poisonTooLarge: poison('larger than the entity takes', {
    body: JSON.stringify({ text: 'x'.repeat(300_000) }),
  }),
  poisonNested: poison('metadata nested too deep', {
    metadata: `{"a": ${'['.repeat(3_000)}${']'.repeat(3_000)}}`,
  }),
  poisonLongProperty: poison('a property too large', { metadata: JSON.stringify({ s: 'x'.repeat(40_000) }) }),
  poisonManyProperties: poison('too many properties', {
    metadata: JSON.stringify({ a: 'x'.repeat(30_000), b: 'x'.repeat(30_000), c: 'x'.repeat(10_000) }),
  }),
} satisfies Record<string, FaultKind>;

function poison(label: string, row: Partial<Event>): FaultKind {
  return {
    label: `message never sent: ${label}`,
    weight: 1,
    durationMs: [1_000, 5_000],
    victim: () => label,
    excusesRepeats: true, // a batch with it is refused as a whole and goes again
    ofOneOrder: true,
    async run(stage, { durationMs }) {
      const aggregateId = `poisoned-${randomUUID()}`;
      const messageId = randomUUID();
      stage.poison.add(messageId);
      stage.troubled.add(aggregateId);
      await publish(stage, { aggregateId, body: '{"before": true}' });
      const bit = await publish(stage, { ...row, messageId, aggregateId });
      const end = performance.now() + durationMs;
      for (let n = 1; performance.now() < end; n++) {
        await publish(stage, { aggregateId, body: `{"after": ${n}}` });
        await sleep(NEXT_EVENT_MS);
      }
      return { bit };
    },
  };
}
