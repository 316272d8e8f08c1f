import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import pg from 'pg';
import { createCluster } from '../../support/cluster.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { insertEvent, startRelay, untilArrived, untilStreaming } from '../../support/relay.ts';
import { checkLoadDelivered } from '../support/delivery.ts';
import { startLoad } from '../support/load.ts';
import { untilToldAndTried } from '../support/told.ts';

describe('settings that are too low are told, and once they are mended the relay goes on by itself', {
  concurrency: true,
}, () => {
  test('wal_level below logical', async (t) => {
    const { postgres, url, pool } = await createCluster(t, { wal_level: 'replica' });
    const bus = new MemoryPublisher();
    await insertEvent(pool, 'Waiting');

    const relay = startRelay(t, { url, bus });
    await untilToldAndTried(relay, '55000');
    assert.match(relay.monitor.lastError?.message ?? '', /wal_level/);
    await postgres.stop();
    await postgres.start({ wal_level: 'logical' });

    await untilArrived(bus, 1);
    await untilStreaming(relay);
  });

  test('no replication slot left, then no walsender left for a restart under load', async (t) => {
    const { url, pool } = await createCluster(t, { max_replication_slots: '1', max_wal_senders: '1' });
    const bus = new MemoryPublisher();
    await pool.query(`SELECT pg_create_physical_replication_slot('other')`);
    const load = startLoad(t, url);

    const first = startRelay(t, { url, bus });
    await untilToldAndTried(first, '53400');
    await pool.query(`SELECT pg_drop_replication_slot('other')`);
    await untilStreaming(first);
    await first.stop();
    const other = new pg.Client({ connectionString: url, ...({ replication: 'database' } as object) });
    await other.connect();
    const second = startRelay(t, { url, bus });
    await untilToldAndTried(second, '53300');
    await other.end();
    await untilStreaming(second);

    assert.deepEqual(await checkLoadDelivered(bus, load), []);
  });
});
