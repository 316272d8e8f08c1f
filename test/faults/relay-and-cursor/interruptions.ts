import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { hangAfter } from '../../support/hang-after.ts';
import { insertEvents } from '../../support/relay.ts';
import { RelayStage } from '../../support/relay-stage.ts';
import { ourRelay } from '../../support/relay-subject.ts';
import { until } from '../../support/until.ts';
import { checkDelivery, unmarkedIds } from '../support/delivery.ts';
import { startLoad } from '../support/load.ts';

/**
 * Ends a relay under load so often, each time at another moment of its work, and starts it again. In the end everything has
 * arrived, and what arrived twice was unmarked when the relay ended. Returns how much that was.
 */
export async function interruptUnderLoad(
  t: TestContext,
  { signal, rounds }: { signal: NodeJS.Signals; rounds: number },
): Promise<{ repeated: number }> {
  const stage = await RelayStage.open(t, await ourRelay());
  const load = startLoad(t, stage.url, { everyMs: 2 });
  const mayRepeat = new Set<string>();

  for (let round = 1; round <= rounds; round++) {
    const { total } = stage.bus.journal;
    // The numbers of messages share no factor with those of a batch or a mark: the end comes in all states of both.
    const enough = total + 50 + ((round * 37) % 101);
    await until('it has been at work', () => stage.bus.journal.total > enough);
    // What is written while no relay runs must not pile up.
    if (round % 5 === 0) {
      const caughtUp = async () => (await unmarkedIds(stage.pool)).size < 500;
      await until('it has caught up', caughtUp);
    }
    const ended = await stage.stop(signal);
    assert.equal(ended, signal === 'SIGKILL' ? 'SIGKILL' : 0);
    for (const id of await unmarkedIds(stage.pool)) mayRepeat.add(id);
    await stage.start();
  }
  await load.stop();
  assert.ok(mayRepeat.size > 0, 'no end came while something was in flight');

  const repeats = await checkDelivery(stage.pool, stage.bus);
  const unexpected = repeats.filter(({ messageId }) => !mayRepeat.has(messageId ?? ''));
  assert.deepEqual(
    unexpected.map(({ messageId }) => messageId),
    [],
    'was marked, and came again',
  );
  t.diagnostic(`${rounds} x ${signal}: ${load.committed.size} events, ${repeats.length} sent again`);
  return { repeated: repeats.length };
}

/** Kills a relay in the middle of a transaction of 50 rows of one order: the broker has 20 of them and holds the next. */
export async function killInTransaction(t: TestContext): Promise<string[]> {
  const stage = await RelayStage.open(t, await ourRelay());
  const large = JSON.stringify({ text: 'x'.repeat(150_000) }); // two of them do not share a batch
  hangAfter(stage.bus, 20);

  await insertEvents(stage.pool, 50, (n) => ({ type: `Row${n}`, aggregateId: 'o1', body: large }));
  await stage.untilArrived('Row20');
  await stage.kill();
  stage.bus.faults.heal();
  await stage.start();

  await checkDelivery(stage.pool, stage.bus);
  return stage.arrived();
}
