import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { openServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';
import { slotOf, untilAllMarked } from '../../support/relay.ts';
import { ourRelay } from '../../support/relay-subject.ts';
import { until } from '../../support/until.ts';
import { INSPECTABLE, neededBytes, peakResidentMiB } from '../support/process-memory.ts';

const MIB = 1024 * 1024;
const EVENTS_AT_A_TIME = 200;

/**
 * A relay under load for so many steps of 10,000 events. After each, what it needs in memory is measured behind a full garbage
 * collection; from the second on it does not grow. Returns how much it had had resident at most, after each step.
 */
export async function relaySteadyLoad(t: TestContext, goOn: (steps: number) => boolean): Promise<number[]> {
  const { url, pool } = await createDatabase(t);
  // One that keeps nothing: an hour of messages would fill the test's own memory.
  const bus = await openServiceBus({
    port: 0,
    journal: { keep: 0 },
    namespace: { topics: [{ name: 'orders', subscriptions: [] }] },
  });
  cleanup(t, () => bus.close());
  const subject = await ourRelay(INSPECTABLE);
  const relay = await subject.start({ url, slot: slotOf(url), serviceBus: bus.connectionString });
  cleanup(t, () => relay.stop());

  const needed: number[] = [];
  const peaks: number[] = [];
  let written = 0;
  while (goOn(needed.length)) {
    for (let n = 0; n < 10_000; n += EVENTS_AT_A_TIME) {
      await pool.query(
        `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
         SELECT gen_random_uuid(), 'Steady', jsonb_build_object('text', repeat('x', 600)), gen_random_uuid()
         FROM generate_series(1, $1::int)`,
        [EVENTS_AT_A_TIME],
      );
      written += EVENTS_AT_A_TIME;
      await until('the relay keeps up', () => bus.journal.total > written - 2_000);
    }
    await untilAllMarked(pool);
    needed.push(await neededBytes(relay));
    peaks.push(peakResidentMiB(relay.pid) ?? 0);
  }

  const figures = needed.map((bytes) => (bytes / MIB).toFixed(1)).join(' ');
  t.diagnostic(`${written} events; needed ${figures} MiB, resident at most ${peaks.at(-1)?.toFixed()} MiB`);
  assert.equal(bus.journal.total, written);
  const [, warm = 0] = needed;
  const last = needed.at(-1) ?? 0;
  const bytesPerEvent = (last - warm) / (written - 20_000);
  assert.ok(bytesPerEvent < 30, `each event leaves ${bytesPerEvent} bytes behind: ${figures}`);
  return peaks;
}
