import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { openServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';
import { slotOf } from '../../support/relay.ts';
import { ourRelay } from '../../support/relay-subject.ts';
import { until } from '../../support/until.ts';
import { INSPECTABLE, neededBytes, peakResidentMiB, residentMiB } from '../support/process-memory.ts';

const MIB = 1024 * 1024;
const SMALL_EVENTS = 4_000;
/** A tenth of the smallest of the large bodies. */
const MOST_LEFT_BYTES = 2 * MIB;

test('of bodies of 20 and 60 MB, which are parked, nothing stays in memory', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await openServiceBus({
    port: 0,
    journal: { keep: 0 },
    namespace: { topics: [{ name: 'orders', subscriptions: [] }] },
  });
  cleanup(t, () => bus.close());
  const subject = await ourRelay(INSPECTABLE);
  const relay = await subject.start({ url, slot: slotOf(url), serviceBus: bus.connectionString });
  cleanup(t, () => relay.stop());
  await insertSmall(pool);
  const before = await neededBytes(relay);
  const resident = [residentMiB(relay.pid)];

  for (const [parked, megabytes] of [20, 60].entries()) {
    await pool.query(
      `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
       SELECT gen_random_uuid(), 'Large', jsonb_build_object('text', repeat('x', $1::int * 1000000)), 'large' || $1`,
      [megabytes],
    );
    await until('it is parked', async () => {
      const { rowCount } = await pool.query('SELECT FROM outbox WHERE parked_at IS NOT NULL');
      return rowCount === parked + 1;
    });
    resident.push(residentMiB(relay.pid));
    await insertSmall(pool);
    resident.push(residentMiB(relay.pid));
  }

  const left = (await neededBytes(relay)) - before;
  const figures = resident.map((mib) => mib?.toFixed()).join(' ');
  t.diagnostic(
    `left ${(left / MIB).toFixed(1)} MiB; resident before, and each parked, then small ones: ${figures}`,
  );
  t.diagnostic(`at most ${peakResidentMiB(relay.pid)?.toFixed()} MiB`);
  assert.ok(left < MOST_LEFT_BYTES, `${left} bytes are left`);
});

async function insertSmall(pool: pg.Pool): Promise<void> {
  await pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
     SELECT gen_random_uuid(), 'Small', jsonb_build_object('text', repeat('x', 600)), gen_random_uuid()
     FROM generate_series(1, $1::int)`,
    [SMALL_EVENTS],
  );
  await until('the small ones are marked', async () => {
    const { rowCount } = await pool.query(
      'SELECT FROM outbox WHERE processed_at IS NULL AND parked_at IS NULL LIMIT 1',
    );
    return rowCount === 0;
  });
}
