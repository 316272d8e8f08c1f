import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { buildHealthServer } from '../../../relay/monitoring/health-server.ts';
import { RelayMonitor } from '../../../relay/monitoring/relay-monitor.ts';
import { Routing } from '../../../relay/outbox/routing.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';
import { metricFaults, ownMetrics, seriesOf } from '../../support/metrics.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import {
  createBus,
  insertEvent,
  slotOf,
  startRelay,
  untilAllMarked,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';

function openHealth(t: TestContext, deps: { pool: pg.Pool; monitor: RelayMonitor; slot?: string }) {
  const server = buildHealthServer({
    table: OUTBOX,
    slot: 'none',
    publication: 'order_outbox',
    routing: new Routing('orders'),
    ...deps,
  });
  cleanup(t, () => server.close());
  return server;
}

test('the status tells of a streaming relay what it has done and how far it is', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  const server = openHealth(t, { pool, monitor: relay.monitor, slot: slotOf(url) });
  await untilStreaming(relay);

  await insertEvent(pool, 'Event');
  await untilAllMarked(pool);
  const status = await until('the lag is back to zero', async () => {
    const body = (await server.inject('/status')).json();
    return body.lagBytes === 0 && body.slotLagBytes < 16_384 && body;
  });

  assert.equal(status.state, 'streaming');
  assert.equal(status.ready, true);
  assert.equal(status.slot, slotOf(url));
  assert.equal(status.oldestUnsettled, null);
  assert.equal(status.lastError, null);
  assert.equal(status.counts.published, 1);
  assert.equal(status.counts.settled, 1);
  assert.equal(status.walStatus, 'reserved');
  assert.equal(status.safeWalBytes, null);
  assert.equal(status.tableSettlementsFor.slot_missing, 1);
  assert.equal((await server.inject('/health/ready')).statusCode, 200);
});

test('what is parked is counted in the table, also by a relay that has parked nothing', async (t) => {
  const { url, pool } = await createDatabase(t);
  const server = openHealth(t, { pool, monitor: new RelayMonitor(), slot: slotOf(url) });
  await insertEvent(pool, 'Parked');
  await insertEvent(pool, 'Waiting', { aggregateId: 'o1' });
  await pool.query("UPDATE outbox SET parked_at = now() - interval '1 minute' WHERE message_type = 'Parked'");
  await pool.query("UPDATE outbox SET deferred_at = now() WHERE message_type = 'Waiting'");

  const { parkedEvents } = (await server.inject('/status')).json();
  const { body } = await server.inject('/metrics');

  assert.deepEqual([parkedEvents.parked, parkedEvents.waiting], [1, 1]);
  assert.match(body, /^outbox_relay_parked 1$/m);
  assert.match(body, /^outbox_relay_waiting 1$/m);
  assert.match(body, /^outbox_relay_oldest_parked_seconds 6\d(\.\d+)?$/m);
});

test('the status names the oldest unsettled event and why it is not sent', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  const server = openHealth(t, { pool, monitor: relay.monitor, slot: slotOf(url) });
  await untilStreaming(relay);
  bus.faults.inject({ kind: 'quotaExceeded' });

  const messageId = await insertEvent(pool, 'Stuck');
  const oldest = await until('its failure is told', async () => {
    const { oldestUnsettled } = (await server.inject('/status')).json();
    return oldestUnsettled?.error && oldestUnsettled;
  });
  const ready = await server.inject('/health/ready');

  assert.equal(oldest.messageId, messageId);
  assert.ok(oldest.ageMs >= 0);
  assert.equal(ready.statusCode, 503);
  assert.equal(ready.json().lastError.code, 'QuotaExceeded');
});

test('without a database the relay is alive, not ready, and its status says why there is no lag', async (t) => {
  const pool = new pg.Pool({ host: '127.0.0.1', port: 1, connectionTimeoutMillis: 500 });
  cleanup(t, () => pool.end());
  const server = openHealth(t, { pool, monitor: new RelayMonitor() });

  const live = await server.inject('/health/live');
  const ready = await server.inject('/health/ready');
  const status = (await server.inject('/status')).json();

  assert.equal(live.statusCode, 200);
  assert.equal(ready.statusCode, 503);
  assert.equal(status.lagBytes, null);
  assert.match(status.databaseError, /ECONNREFUSED/);
});

test('the metrics count settlements by their reason, and tell the state of the slot', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  const server = openHealth(t, { pool, monitor: relay.monitor, slot: slotOf(url) });
  await untilStreaming(relay);

  const { body } = await server.inject('/metrics');

  assert.match(body, /^outbox_relay_table_settlements_total\{reason="slot_missing"\} 1$/m);
  assert.match(body, /^outbox_relay_table_settlements_total\{reason="slot_lost"\} 0$/m);
  assert.match(body, /^outbox_relay_wal_status\{status="reserved"\} 1$/m);
  for (const status of ['extended', 'unreserved', 'lost'])
    assert.match(body, new RegExp(`^outbox_relay_wal_status\\{status="${status}"\\} 0$`, 'm'));
  assert.match(body, /^outbox_relay_slots_let_go_total 0$/m);
  assert.match(body, /^outbox_relay_database_set_back 0$/m);
});

test('the metrics are in the form of Prometheus', async (t) => {
  const { pool } = await createDatabase(t);
  const monitor = new RelayMonitor();
  monitor.counts.published = 7;
  const server = openHealth(t, { pool, monitor });
  await insertEvent(pool, 'Waiting');

  const response = await server.inject('/metrics');

  assert.match(String(response.headers['content-type']), /^text\/plain; version=0\.0\.4/);
  assert.match(
    response.body,
    /^# TYPE outbox_relay_published_total counter\noutbox_relay_published_total 7$/m,
  );
  assert.match(response.body, /^outbox_relay_ready 0$/m);
  assert.match(response.body, /^outbox_relay_oldest_unsettled_seconds 0\.\d+$/m);
});

test('from commit to accepted is timed by the clock of the database, and batches by their size', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  const server = openHealth(t, { pool, monitor: relay.monitor, slot: slotOf(url) });
  await untilStreaming(relay);
  bus.faults.inject({ kind: 'quotaExceeded', times: 1 });
  const start = performance.now();
  for (const type of ['A', 'B', 'C']) await insertEvent(pool, type);
  await untilAllMarked(pool);
  const seconds = (performance.now() - start) / 1_000;

  const series = seriesOf((await server.inject('/metrics')).body);
  const of = (name: string) => series.get(`outbox_relay_${name}`) ?? Number.NaN;

  assert.equal(of('commit_to_accepted_seconds_count'), 3);
  assert.equal(of('commit_to_accepted_seconds_bucket{le="+Inf"}'), 3);
  const sum = of('commit_to_accepted_seconds_sum');
  assert.ok(sum > 0 && sum < 3 * seconds, `${sum} s of three times ${seconds} s`);
  assert.equal(of('batch_messages_sum'), 3);
  assert.ok(of('batch_messages_count') >= 1);
  assert.equal(of('refusals_total{code="QuotaExceeded"}'), of('rejected_batches_total'));
  assert.ok(of('rejected_batches_total') >= 1);
});

test('what was read from the table, which does not say when it was committed, is not timed', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  await insertEvent(pool, 'Before');
  const relay = startRelay(t, { url, bus });
  const server = openHealth(t, { pool, monitor: relay.monitor, slot: slotOf(url) });
  await untilAllMarked(pool);

  const series = seriesOf((await server.inject('/metrics')).body);

  assert.equal(series.get('outbox_relay_batch_messages_sum'), 1);
  assert.equal(series.get('outbox_relay_commit_to_accepted_seconds_count'), 0);
});

test('names and units are as Prometheus wants them; the process, Node and the version are told', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  const server = openHealth(t, { pool, monitor: relay.monitor, slot: slotOf(url) });
  await untilStreaming(relay);

  const { body } = await server.inject('/metrics');

  const metrics = ownMetrics(body);
  const series = seriesOf(body);
  assert.ok(metrics.length > 25);
  assert.deepEqual(metrics.flatMap(metricFaults), []);
  assert.ok((series.get('process_resident_memory_bytes') ?? 0) > 1_000_000);
  assert.ok(series.has('nodejs_eventloop_lag_p99_seconds'));
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.equal(series.get(`outbox_relay_build_info{version="${version}"}`), 1);
});
