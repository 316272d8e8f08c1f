import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildHealthServer } from '../../../relay/monitoring/health-server.ts';
import { Routing } from '../../../relay/outbox/routing.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createCluster } from '../../support/cluster.ts';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import {
  arrivals,
  connect,
  insertEvent,
  slotOf,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';

const SEGMENT_BYTES = 16 * 1024 * 1024;

describe('a transaction that stays open', { concurrency: 2 }, () => {
  test('holds up the making of the slot, which is told, and goes on when it ends', async (t) => {
    const { url, pool } = await createCluster(t);
    const bus = new MemoryPublisher();
    const writer = await connect(t, url);
    await writer.query('BEGIN');
    await insertEvent(writer, 'Open all the time');

    const relay = startRelay(t, { url, bus });
    // lock_not_available; on a slow machine a connection may have timed out before, and was tried again.
    await until('the relay says why it waits', () => relay.monitor.lastError?.code === '55P03');
    const { isReady } = relay.monitor;
    await writer.query('COMMIT');
    await untilStreaming(relay);
    await untilArrived(bus, 1);

    assert.equal(isReady, false);
    assert.deepEqual(arrivals(bus), [['Open all the time', '{}']]);
    await untilAllMarked(pool);
  });

  test('keeps WAL although the relay is up to date, and the status tells the one from the other', async (t) => {
    const { url, pool } = await createCluster(t);
    const bus = new MemoryPublisher();
    const relay = startRelay(t, { url, bus });
    await untilStreaming(relay);
    const slot = slotOf(url);
    const { monitor } = relay;
    const health = buildHealthServer({
      table: OUTBOX,
      pool,
      monitor,
      slot,
      publication: 'order_outbox',
      routing: new Routing('orders'),
    });
    cleanup(t, () => health.close());
    const status = async () => (await health.inject('/status')).json();
    const forgotten = await connect(t, url);
    await forgotten.query('BEGIN');
    await insertEvent(forgotten, 'Rolled back');

    await pool.query('CREATE TABLE busy AS SELECT repeat(md5(n::text), 30) FROM generate_series(1, 20000) n');
    await pool.query('CHECKPOINT'); // after which a slot may let go of WAL
    const upToDate = await until('the relay is up to date', async () => {
      const now = await status();
      return now.lagBytes === 0 && now.slotLagBytes < SEGMENT_BYTES && now;
    });
    await forgotten.query('ROLLBACK');

    assert.ok(upToDate.retainedBytes > SEGMENT_BYTES, `${upToDate.retainedBytes}`);
    await until('the WAL is let go of', async () => {
      await pool.query('CHECKPOINT');
      return (await status()).retainedBytes < SEGMENT_BYTES;
    });
  });

  test('is ended by the server if a process of ours forgets it', async (t) => {
    const { url } = await createDatabase(t);
    const log = createLogger({ level: 'silent', service: 'test' });
    const pool = openPool({ url, max: 1, applicationName: 'forgetful', log });
    cleanup(t, () => pool.end());

    const { rows } = await pool.query('SHOW idle_in_transaction_session_timeout');

    assert.deepEqual(rows, [{ idle_in_transaction_session_timeout: '10s' }]);
  });
});
