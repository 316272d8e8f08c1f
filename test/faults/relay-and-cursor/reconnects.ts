import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { createBus, slotOf, startRelay, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkDelivery } from '../support/delivery.ts';
import { startLoad } from '../support/load.ts';
import { shortWaits } from '../support/short-waits.ts';

/** What comes and goes by itself: idle connections of pools, files that are being read. */
const FLUCTUATION = 20;

/**
 * Ends the relay's stream on the server so often, with its connection or without, under load. Nothing is lost or comes twice, and in the end neither side has
 * more connections, nor this process more descriptors, than after the first few times.
 */
export async function forceReconnects(t: TestContext, rounds: number): Promise<void> {
  const { url, pool, name } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus, parts: () => ({ random: shortWaits }) });
  await untilStreaming(relay);
  const load = startLoad(t, url, { writers: 2, everyMs: 2 });
  const reconnect = async (round: number) => {
    const { sessions } = relay.monitor.counts;
    // A stream that is cancelled leaves its connection open, for the relay to close.
    const end = round % 2 === 0 ? 'pg_terminate_backend' : 'pg_cancel_backend';
    await pool.query(`SELECT ${end}(active_pid) FROM pg_replication_slots WHERE slot_name = $1 AND active`, [
      slotOf(url),
    ]);
    await until('the relay streams again', () => relay.monitor.counts.sessions > sessions);
  };
  const inUse = async () => {
    const { rows } = await pool.query<{ all: number; streaming: number }>(
      `SELECT count(*)::int AS all, (count(*) FILTER (WHERE backend_type = 'walsender'))::int AS streaming
       FROM pg_stat_activity WHERE datname = $1`,
      [name],
    );
    return { connections: rows[0]?.all ?? 0, streaming: rows[0]?.streaming, descriptors: descriptors() };
  };

  for (let round = 1; round <= 10; round++) await reconnect(round);
  const before = await inUse();
  for (let round = 1; round <= rounds; round++) await reconnect(round);
  const after = await inUse();
  await load.stop();

  assert.equal(after.streaming, 1);
  assert.ok(after.connections < before.connections + FLUCTUATION, `${JSON.stringify({ before, after })}`);
  assert.ok(after.descriptors < before.descriptors + FLUCTUATION, `${JSON.stringify({ before, after })}`);
  assert.deepEqual(await checkDelivery(pool, bus), []);
  assert.equal(relay.monitor.counts.recoveries, 1); // the first start: a gap would have been made good
  t.diagnostic(`${rounds} reconnects, ${load.committed.size} events, ${JSON.stringify({ before, after })}`);
}

function descriptors(): number {
  return readdirSync('/dev/fd').length;
}
