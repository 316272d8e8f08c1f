import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import {
  insertEvent,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { openTcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';
import { checkDelivery } from '../support/delivery.ts';
import { forceReconnects } from './reconnects.ts';

describe('the connection to PostgreSQL', { concurrency: 2 }, () => {
  test('ended 60 times under load it loses, repeats and leaks nothing', async (t) => {
    await forceReconnects(t, 60);
  });

  test('half open, it is noticed and replaced', async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = new MemoryPublisher();
    const proxy = await openTcpProxy(t, Number(new URL(url).port));
    const relay = startRelay(t, { url: Object.assign(new URL(url), { port: proxy.port }).href, bus });
    await untilStreaming(relay);
    await insertEvent(pool, 'Before');
    await untilArrived(bus, 1);
    await untilAllMarked(pool);

    proxy.silence();
    await insertEvent(pool, 'Meanwhile');
    const since = performance.now();
    await until('the event arrives', () => bus.journal.total === 2);

    t.diagnostic(`half open for ${Math.round(performance.now() - since)} ms`);
    assert.deepEqual(await checkDelivery(pool, bus), []);
    assert.equal(relay.monitor.counts.recoveries, 1);
  });
});
