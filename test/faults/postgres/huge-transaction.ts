import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { insertEvent } from '../../support/relay.ts';
import { RelayStage } from '../../support/relay-stage.ts';
import { ourRelay } from '../../support/relay-subject.ts';
import { until } from '../../support/until.ts';
import { checkDelivery, unmarkedIds } from '../support/delivery.ts';
import { peakResidentMiB } from '../support/process-memory.ts';

/** 200 MB, which is what the relay promises. */
const MOST_MIB = 190;

/**
 * One transaction of so many rows of 2 KB. The relay's resident memory never grows with it, neither while the broker stands still
 * nor while it is sent; killed in the middle of it, the relay sends the rest, and again only what was not marked.
 */
export async function relayHugeTransaction(t: TestContext, rows: number): Promise<void> {
  const { url, pool } = await createDatabase(t);
  const relay = await ourRelay();
  const stage = await RelayStage.open(t, relay, { url });

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
  await until('the broker holds some of it', () => hang.hits > 0);
  hang.heal();

  await until('a half has arrived', () => stage.bus.journal.total > rows / 2);
  const first = peakResidentMiB(stage.pid);
  await stage.kill();
  const mayRepeat = await unmarkedIds(pool);
  await stage.start();
  const repeats = await checkDelivery(pool, stage.bus);
  const second = peakResidentMiB(stage.pid);

  t.diagnostic(
    `${rows} rows: resident at most ${first?.toFixed() ?? 'unknown'} and ${second?.toFixed() ?? 'unknown'} MiB ` +
      `(only Linux tells), ${repeats.length} sent again, another session's insert took ${otherMs} ms`,
  );
  for (const peak of [first, second]) assert.ok(peak === undefined || peak < MOST_MIB, `${peak} MiB`);
  const unexpected = repeats.filter(({ messageId }) => !mayRepeat.has(messageId ?? ''));
  assert.deepEqual(
    unexpected.map(({ messageId }) => messageId),
    [],
    'was marked, and came again',
  );
}
