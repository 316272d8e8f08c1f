import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { startNetworkedRelay } from '../../support/networked-relay.ts';
import { createBus, slotOf } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkDelivery, unmarkedIds } from '../support/delivery.ts';
import { startWriters } from '../support/writers.ts';

test('of two relays one stands by, ready, and takes over when the first is killed under load', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const writers = startWriters(t, url);
  let active = await startNetworkedRelay(t, { url, bus });
  await active.untilState('streaming');

  let unmarked = 0;
  for (let round = 1; round <= 3; round++) {
    const standby = await startNetworkedRelay(t, { url, bus });
    await standby.untilState('standby');
    assert.equal((await standby.status())?.ready, true);
    const { total } = bus.journal;
    await until('it has been at work', () => bus.journal.total > total + 100);
    await active.process.stop('SIGKILL');
    unmarked += (await unmarkedIds(pool)).size;
    await standby.untilState('streaming');
    active = standby;
  }
  await writers.stop();

  const repeats = await checkDelivery(pool, bus);
  assert.ok(repeats.length <= unmarked, `${repeats.length} repeats of ${unmarked} unmarked`);
});

test('a relay that stands by holds no snapshot, so that VACUUM goes on', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const active = await startNetworkedRelay(t, { url, bus });
  await active.untilState('streaming');
  const standby = await startNetworkedRelay(t, { url, bus });
  await standby.untilState('standby');

  // A few transactions, of which a snapshot from before would see nothing.
  for (let n = 1; n <= 5; n++) await pool.query('SELECT pg_current_xact_id()');
  const { rows } = await pool.query<{ xid: string }>('SELECT pg_current_xact_id()::xid::text AS xid');

  await until('nobody holds a snapshot from before', async () => {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_stat_activity
       WHERE datname = current_database() AND age(backend_xmin) > age($1::text::xid)`,
      [rows[0]?.xid],
    );
    return rowCount === 0;
  });
  const slots = await pool.query(
    'SELECT slot_name, xmin FROM pg_replication_slots WHERE database = current_database()',
  );
  assert.deepEqual(slots.rows, [{ slot_name: slotOf(url), xmin: null }]);
});
