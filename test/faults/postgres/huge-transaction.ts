import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase } from '../../support/database.ts';
import { insertEvent } from '../../support/relay.ts';
import { RelayStage } from '../../support/relay-stage.ts';
import { type OurRelay, ourRelay } from '../../support/relay-subject.ts';
import { until } from '../../support/until.ts';
import { checkDelivery, unmarkedIds } from '../support/delivery.ts';
import { INSPECTABLE, neededBytes, peakResidentMiB } from '../support/process-memory.ts';

const MIB = 1024 * 1024;
/** The 32 MiB of messages that a relay holds at most, and what it has to know of each. */
const HELD_MIB = 64;

/**
 * One transaction of so many rows of 2 KB. While the broker stands still the relay holds as much of it as it may and no more;
 * killed in the middle of it, it sends the rest, and again only what was not marked.
 */
export async function relayHugeTransaction(t: TestContext, rows: number): Promise<void> {
  const { url, pool } = await createDatabase(t);
  const relay = await ourRelay(INSPECTABLE);
  const stage = await RelayStage.open(t, relay, { url });
  await stage.missing(); // warm
  const idle = await neededBytes(stage);

  const hang = stage.bus.faults.inject({ kind: 'hang' });
  await pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
     SELECT gen_random_uuid(), 'One of many', jsonb_build_object('n', n, 'text', $1::text), 'o' || n % 100
     FROM generate_series(1, $2::int) n`,
    ['x'.repeat(2_000), rows],
  );
  const since = performance.now();
  await insertEvent(pool, 'Of another session');
  const otherMs = Math.round(performance.now() - since);
  await untilReadNoFurther(relay);
  const heldMiB = ((await neededBytes(stage)) - idle) / MIB;
  hang.heal();

  await until('a third has arrived', () => stage.bus.journal.total > rows / 3, 120_000);
  const peak = peakResidentMiB(stage.pid);
  await stage.kill();
  const mayRepeat = await unmarkedIds(pool);
  await stage.start();
  const repeats = await checkDelivery(pool, stage.bus);

  t.diagnostic(
    `${rows} rows: held ${heldMiB.toFixed()} MiB, resident at most ${peak?.toFixed()} MiB, ` +
      `${repeats.length} sent again, another session's insert took ${otherMs} ms`,
  );
  assert.ok(heldMiB < HELD_MIB, `${heldMiB} MiB`);
  const unexpected = repeats.filter(({ messageId }) => !mayRepeat.has(messageId ?? ''));
  assert.deepEqual(
    unexpected.map(({ messageId }) => messageId),
    [],
    'was marked, and came again',
  );
}

async function untilReadNoFurther(relay: OurRelay): Promise<void> {
  let before = 0;
  await until('the relay reads no further', async () => {
    await sleep(300);
    const { unsettledInMemory } = await relay.status();
    const stands = unsettledInMemory > 0 && unsettledInMemory === before;
    before = unsettledInMemory;
    return stands;
  });
}
