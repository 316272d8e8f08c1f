import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { cleanup } from '../support/cleanup.ts';
import { createCluster } from '../support/cluster.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import { insertEvent, startRelay, untilAllMarked, untilArrived, untilStreaming } from '../support/relay.ts';
import { until } from '../support/until.ts';

// The WAL shows a commit a moment before other sessions see its rows. A stand-by that does not exist makes the moment
// long: it holds every commit after its record is written.

async function publishUnseen(t: TestContext) {
  const { url } = await createCluster(t);
  // Only the writer waits for the stand-by.
  const local = `${url}?options=${encodeURIComponent('-c synchronous_commit=local')}`;
  const db = new pg.Pool({ connectionString: local });
  cleanup(t, () => db.end());
  const writer = new pg.Pool({ connectionString: url });
  writer.on('error', () => undefined); // the server ends with its commit still waiting
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url: local, bus });
  await untilStreaming(relay);

  await db.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  await db.query('SELECT pg_reload_conf()');
  await until('commits wait for the stand-by', async () => {
    const { rows } = await db.query('SHOW synchronous_standby_names');
    return rows[0].synchronous_standby_names === 'nobody';
  });
  const committed = insertEvent(writer, 'Early');
  committed.catch(() => undefined); // a test may end before it is seen
  await untilArrived(bus, 1);
  await until('the relay has looked for the row in vain', async () => {
    const { rowCount } = await db.query(
      "SELECT FROM pg_stat_activity WHERE query LIKE '%AS present%' AND pid <> pg_backend_pid()",
    );
    return rowCount !== 0;
  });
  assert.equal((await db.query('SELECT FROM outbox')).rowCount, 0);
  return { relay, bus, db, committed };
}

test('an event that is published before others can see its row is marked once they can', async (t) => {
  const { relay, bus, db, committed } = await publishUnseen(t);

  await db.query('ALTER SYSTEM RESET synchronous_standby_names');
  await db.query('SELECT pg_reload_conf()');
  await committed;
  await untilAllMarked(db);
  await until('it is settled', () => relay.monitor.unsettled === 0);

  assert.equal(relay.monitor.counts.settled, 1);
  assert.equal(bus.journal.total, 1);
});

test('a relay stops although nobody can see the row that it has to mark', async (t) => {
  const { relay, db } = await publishUnseen(t);

  await relay.stop();

  const { rows } = await db.query('SELECT active FROM pg_replication_slots');
  assert.deepEqual(rows, [{ active: false }]);
});
