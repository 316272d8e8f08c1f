import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Cluster, createCluster } from '../../support/cluster.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import {
  insertEvent,
  insertEvents,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { untilToldAndTried } from '../support/told.ts';

const HIDES =
  /row-level security policy for table "outbox" \(42501\): .*BYPASSRLS.*DISABLE ROW LEVEL SECURITY/;

test('row-level security on the outbox is refused at the start, with the way out; then all that is in the table is sent', async (t) => {
  const { pool, relayUrl } = await openWithRole(t);
  const bus = new MemoryPublisher();
  await insertEvents(pool, 5, () => ({ type: 'Hidden' }));
  await pool.query('ALTER TABLE outbox ENABLE ROW LEVEL SECURITY');

  const relay = startRelay(t, { url: relayUrl, bus, slot: 'hidden' });
  await untilToldAndTried(relay, HIDES);
  assert.equal((await pool.query('SELECT FROM pg_replication_slots')).rowCount, 0);
  await pool.query('ALTER ROLE filtered BYPASSRLS');

  await untilAllMarked(pool);
  await until('it is ready', () => relay.monitor.isReady);
  assert.equal(bus.journal.total, 5);
});

test('switched on while it streams, it is told and not ready; once it is off nothing is missing and nothing comes twice', async (t) => {
  const { pool, relayUrl } = await openWithRole(t);
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url: relayUrl, bus, slot: 'hidden' });
  await untilStreaming(relay);
  await insertEvent(pool, 'Before');
  await untilAllMarked(pool);

  await pool.query('ALTER TABLE outbox ENABLE ROW LEVEL SECURITY');
  await insertEvents(pool, 3, () => ({ type: 'Hidden' }));
  await untilArrived(bus, 4);
  await until('it is told', () => HIDES.test(relay.monitor.lastError?.message ?? ''));
  await until('it is not ready', () => !relay.monitor.isReady);
  await insertEvents(pool, 2, () => ({ type: 'Later' }));
  await pool.query('ALTER TABLE outbox DISABLE ROW LEVEL SECURITY');

  await untilAllMarked(pool);
  await until('it is ready', () => relay.monitor.isReady);
  assert.equal(bus.journal.total, 6);
});

test('on the table of the progress it is refused as well', async (t) => {
  const { pool, relayUrl } = await openWithRole(t);
  await pool.query('ALTER TABLE relay_progress ENABLE ROW LEVEL SECURITY');

  const relay = startRelay(t, { url: relayUrl, bus: new MemoryPublisher(), slot: 'hidden' });

  await untilToldAndTried(relay, /table "relay_progress" \(42501\): .*BYPASSRLS/);
});

/** A relay's role without BYPASSRLS, which does not own the tables. */
async function openWithRole(t: TestContext): Promise<Cluster & { relayUrl: string }> {
  const cluster = await createCluster(t);
  await cluster.pool.query(
    `CREATE ROLE filtered LOGIN REPLICATION; GRANT ALL ON ALL TABLES IN SCHEMA public TO filtered;
     GRANT USAGE ON SCHEMA drizzle TO filtered; GRANT SELECT ON ALL TABLES IN SCHEMA drizzle TO filtered`,
  );
  return { ...cluster, relayUrl: Object.assign(new URL(cluster.url), { username: 'filtered' }).href };
}
