import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { inspectOutbox } from '../../../relay/admin/outbox-inspection.ts';
import { measureLag } from '../../../relay/monitoring/outbox-lag.ts';
import { Routing } from '../../../relay/outbox/routing.ts';
import { PublishError } from '../../../relay/publishing/publish-error.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { assertSchemaCurrent } from '../../../src/db/schema-version.ts';
import { openApp } from '../../support/app.ts';
import { cleanup } from '../../support/cleanup.ts';
import { type Cluster, createCluster } from '../../support/cluster.ts';
import { openLog } from '../../support/log-lines.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import {
  connect,
  insertEvent,
  insertEvents,
  slotOf,
  startRelay,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { HARMLESS, REFUSED, WITHSTOOD } from '../support/hostile-settings.ts';
import { untilToldAndTried } from '../support/told.ts';

// Whatever a role or a database may set: both processes work, or refuse it by name. Neither role is a superuser.

test('every setting that a role may have is set by us, withstood, refused by name, or has a reason why it cannot hurt', async (t) => {
  const { pool } = await createCluster(t);
  const harmless = Object.values(HARMLESS).flatMap((names) => names.split(/\s+/));
  const known = (name: string) =>
    name in WITHSTOOD ||
    name in REFUSED ||
    harmless.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each));

  const { rows } = await pool.query<{ name: string }>(
    `SELECT name FROM pg_settings WHERE context IN ('user', 'superuser')`,
  );

  assert.ok(rows.length > 100, `${rows.length} settings`);
  assert.deepEqual(
    rows.map(({ name }) => name).filter((name) => !known(name)),
    [],
  );
});

test('set to their worst all at once, they are withstood by both processes', async (t) => {
  const cluster = await createCluster(t);
  const { pool } = cluster;
  const { apiUrl, relayUrl } = await createRoles(cluster);
  await insertEvents(pool, 20_000, () => ({ type: 'Before' }));
  await setWorst(cluster, WITHSTOOD);
  const { log, lines } = openLog();
  const open = await connect(t, cluster.url);
  await open.query('BEGIN; SELECT pg_current_xact_id()');
  const bus = new MemoryPublisher();
  bus.refuse = (batch) =>
    batch.some(({ messageType }) => messageType === 'Bad')
      ? new PublishError('never', { kind: 'poison', code: 'Bad' })
      : undefined;
  const { post, cancel, request } = await openApp(t, { database: cluster, url: () => apiUrl });

  const relay = startRelay(t, { url: relayUrl, bus, slot: 'hostile', parts: () => ({ log }) });
  await until('the slot waits for the open transaction', async () => {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_stat_replication JOIN pg_locks USING (pid) WHERE NOT granted AND backend_start < now() - interval '1.2 s'`,
    );
    return rowCount !== 0;
  });
  await open.query('COMMIT');
  await untilStreaming(relay);
  const created = await post(tutorialOrder());
  assert.equal(created.statusCode, 201, created.body);
  const { orderId } = created.json();
  await open.query('BEGIN');
  await open.query('LOCK TABLE orders IN SHARE MODE');
  const creating = post(tutorialOrder());
  await until('the creating waits for a lock', async () => {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_locks WHERE NOT granted AND waitstart < now() - interval '1.2 s'`,
    );
    return rowCount !== 0;
  });
  await open.query('COMMIT');
  assert.equal((await creating).statusCode, 201);
  const cancelled = await cancel(orderId);
  await until('all is marked', async () => {
    const { rowCount } = await pool.query('SELECT FROM outbox WHERE processed_at IS NULL LIMIT 1');
    return rowCount === 0 && bus.journal.total === 20_003;
  });
  await insertEvent(pool, 'Bad', { aggregateId: 'o1' });
  await insertEvent(pool, 'Behind', { aggregateId: 'o1' });
  await until('one is parked and one waits behind it', async () => {
    const { rowCount } = await pool.query(
      `SELECT FROM outbox WHERE deferred_at IS NOT NULL AND parked_at IS NULL AND processed_at IS NULL`,
    );
    return rowCount === 1;
  });
  const list = await request({ url: '/api/orders' });
  const events = await request({ url: `/api/orders/${orderId}/events` });

  assert.deepEqual(
    [created, cancelled, list, events].map(({ statusCode }) => statusCode),
    [201, 200, 200, 200],
  );
  assert.equal(events.json().items.length, 2);
  const relayPool = openPool({ url: relayUrl, max: 1, applicationName: 'test', log });
  cleanup(t, () => relayPool.end());
  const routing = new Routing('orders');
  const { monitor } = relay;
  const lag = await measureLag({ pool: relayPool, table: OUTBOX, slot: 'hostile', monitor, routing });
  assert.equal(lag.databaseError, null);
  assert.ok((lag.oldestUnsettled?.ageMs ?? -1) >= 0);
  assert.equal((await inspectOutbox(relayPool, OUTBOX, 1)).parkedCount, 1);
  assert.deepEqual(
    lines.filter(({ level }) => level !== 'info').map(({ msg }) => msg.split(':')[0]),
    ['Memory can never take this message'],
  );
});

describe('what cannot be withstood is refused by name, and once it is mended all goes on by itself', {
  concurrency: true,
}, () => {
  for (const [name, { settings, api, relay: told, endsRelay }] of Object.entries(REFUSED)) {
    test(name, async (t) => {
      const cluster = await createCluster(t);
      const { apiUrl, relayUrl } = await createRoles(cluster);
      await insertEvents(cluster.pool, 5_000, () => ({ type: 'Before' }));
      await setWorst(cluster, settings);
      const pool = openApiPool(t, apiUrl);

      if (api) await assert.rejects(assertSchemaCurrent(pool), api);
      else await assertSchemaCurrent(pool);
      const start = () =>
        startRelay(t, { url: relayUrl, bus: new MemoryPublisher(), slot: slotOf(relayUrl) });
      const relay = start();
      if (endsRelay) await assert.rejects(relay.running, told);
      else await untilToldAndTried(relay, told);
      for (const role of ROLES) await cluster.pool.query(`ALTER ROLE ${role} RESET ALL`);

      await untilStreaming(endsRelay ? start() : relay);
      await assertSchemaCurrent(openApiPool(t, apiUrl));
    });
  }
});

const ROLES = ['hostile_api', 'hostile_relay'];

async function createRoles({ pool, url }: Cluster): Promise<{ apiUrl: string; relayUrl: string }> {
  for (const role of ROLES) {
    await pool.query(
      `CREATE ROLE ${role} LOGIN REPLICATION; GRANT pg_read_all_stats TO ${role};
       GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}; GRANT USAGE ON SCHEMA drizzle TO ${role};
       GRANT SELECT ON ALL TABLES IN SCHEMA drizzle TO ${role}`,
    );
  }
  const [apiUrl = '', relayUrl = ''] = ROLES.map(
    (role) => Object.assign(new URL(url), { username: role }).href,
  );
  return { apiUrl, relayUrl };
}

/** Those that this version of PostgreSQL has. */
async function setWorst({ pool }: Cluster, settings: Readonly<Record<string, string>>): Promise<void> {
  const { rows } = await pool.query<{ name: string }>('SELECT name FROM pg_settings WHERE name = ANY ($1)', [
    Object.keys(settings),
  ]);
  for (const { name } of rows) {
    const value = settings[name] ?? '';
    for (const role of ROLES) await pool.query(`ALTER ROLE ${role} SET ${name} = ${quoted(name, value)}`);
  }
}

/** A list is not one value. */
function quoted(name: string, value: string): string {
  return name === 'DateStyle' ? value : `'${value}'`;
}

function openApiPool(t: TestContext, url: string) {
  const log = createLogger({ level: 'silent', service: 'test' });
  const pool = openPool({ url, max: 1, applicationName: 'api', log });
  cleanup(t, () => pool.end());
  return pool;
}
