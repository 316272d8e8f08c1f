import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { checkDelivery } from '../support/delivery.ts';
import { BATCH, startPair } from './pair.ts';

/** The first relay's link to PostgreSQL goes quiet in the midst of a backlog, while the one to the broker is well. */
async function goSilent(t: TestContext, which: 'stream' | 'all'): Promise<void> {
  const { pool, bus, first, second, slow } = await startPair(t, { duplicateWindowMs: 0 });

  first.silencePostgres(which);
  await second.untilState('streaming');
  await second.status(); // by now what the first one had sent before is counted
  const sentBefore = first.sent();
  slow.heal();
  const repeats = await checkDelivery(pool, bus);
  first.healPostgres();
  await first.untilState('standby');

  assert.equal(first.sent(), sentBefore);
  // By itself: a mark would have told it only after a send too many.
  assert.match(first.process.lines.join('\n'), /"PostgreSQL may have given the slot to another relay"/);
  // With the stream alone gone, its marks still arrive.
  if (which === 'stream') assert.ok(repeats.length <= 3 * BATCH, `${repeats.length} repeats`);
  t.diagnostic(`${sentBefore} batches from the first relay, ${repeats.length} events came again`);
}

describe('a relay whose link to PostgreSQL is half open, while its stream is paused', {
  concurrency: 2,
}, () => {
  test('sends nothing any more when another one has the slot, and stands by', (t) => goSilent(t, 'all'));

  test('neither when only its stream is gone, and its marks arrive', (t) => goSilent(t, 'stream'));
});
