import type { OutboxMessage } from '../../../relay/outbox/outbox-message.ts';
import type { SeededRandom } from '../session/simulation/seeded-random.ts';
import { outboxMessage } from './outbox-messages.ts';

const ALPHABETS = ['abcXYZ09-_', 'äöüß', '日本語漢字', '😀🎉', '"\\\u0001\n', '\u0080\uffff'].map((text) =>
  Array.from(text),
);

function randomText(random: SeededRandom, longest: number): string {
  const letters = random.pick(ALPHABETS);
  return Array.from({ length: 1 + random.below(longest) }, () => random.pick(letters)).join('');
}

function randomMetadata(random: SeededRandom): string {
  const value = () =>
    random.pick<() => unknown>([
      () => randomText(random, 300),
      () => random.below(1e9),
      () => random.next() * 1e12,
      () => -1,
      () => random.chance(0.5),
      () => null,
      () => [randomText(random, 20), { deep: randomText(random, 20) }],
    ])();
  const entries = Array.from({ length: random.below(40) }, () => [randomText(random, 12), value()]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** Any text and any metadata in every field. A session id has 128 characters at the most. */
export function randomMessage(random: SeededRandom, sessions: boolean): OutboxMessage {
  const sometimes = (longest: number) => (random.chance(0.7) ? randomText(random, longest) : undefined);
  return outboxMessage(
    '0198c0de-0000-7000-8000-000000000000',
    sometimes(sessions ? 64 : random.pick([40, 2_000])),
    {
      aggregateVersion: random.chance(0.7) ? String(random.below(2 ** random.below(40))) : undefined,
      messageType: randomText(random, random.pick([20, 3_000])),
      body: Buffer.alloc(random.below(3_000)),
      correlationId: sometimes(128),
      causationId: sometimes(128),
      userId: sometimes(random.pick([50, 2_000])),
      metadata: random.chance(0.7) ? randomMetadata(random) : undefined,
      traceparent: sometimes(56),
      tracestate: sometimes(512),
    },
  );
}
