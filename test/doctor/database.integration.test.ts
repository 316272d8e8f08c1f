import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';
import { openServiceBus } from '../../dev/service-bus/service-bus.ts';
import { openSession } from '../../doctor/database/session.ts';
import { exitCode } from '../../doctor/report.ts';
import { type Cluster, createCluster } from '../support/cluster.ts';
import { startRelay, untilStreaming } from '../support/relay.ts';
import { until } from '../support/until.ts';
import { assertFound, brokerEnvironment, createDocumentedRoles, type Expected, examined } from './support.ts';

// Each thing is broken for real, named by the doctor, and mended, where it is SQL by the very command that the doctor gives.

/** Not on the command line of the server, where no ALTER SYSTEM would change it. */
const WORKING = `ALTER SYSTEM SET max_slot_wal_keep_size = '16GB';
  ALTER SYSTEM SET idle_in_transaction_session_timeout = '60s'; SELECT pg_reload_conf()`;

interface Case extends Expected {
  readonly breaks: string;
  /** Default: the command that the finding has. */
  readonly mends?: string;
  /** What else makes it as it was before. */
  readonly restores?: string;
}

const API = 'for the api';
const RELAY = 'for the relay';
const SLOT = 'order_outbox';
const GONE = `SELECT pg_drop_replication_slot('${SLOT}')`;

const CASES: Readonly<Record<string, Case>> = {
  'a role without REPLICATION': {
    breaks: 'ALTER ROLE order_relay NOREPLICATION',
    of: RELAY,
    check: 'role',
    verdict: 'wrong',
    reason: /order_relay may not make or read a slot/,
  },
  'a role that does not see what others do': {
    breaks: 'REVOKE pg_read_all_stats FROM order_relay',
    of: RELAY,
    check: 'role',
    verdict: 'risky',
    reason: /cannot see whether/,
  },
  'a relay that is a superuser': {
    breaks: 'ALTER ROLE order_relay SUPERUSER',
    mends: 'ALTER ROLE order_relay NOSUPERUSER',
    of: RELAY,
    check: 'role',
    verdict: 'risky',
    reason: /is a superuser/,
  },
  'a grant on a column that the relay lacks': {
    breaks: 'REVOKE UPDATE (parked_at) ON outbox FROM order_relay',
    of: RELAY,
    check: 'grants',
    verdict: 'wrong',
    reason: /order_relay lacks UPDATE on "outbox"/,
  },
  'a grant on the progress that the relay lacks': {
    breaks: 'REVOKE INSERT ON relay_progress FROM order_relay',
    of: RELAY,
    check: 'grants',
    verdict: 'wrong',
    reason: /INSERT on "relay_progress"/,
  },
  'grants that the api lacks': {
    breaks: 'REVOKE INSERT ON order_items, outbox FROM order_api',
    of: API,
    check: 'grants',
    verdict: 'wrong',
    reason: /lacks INSERT on order_items, INSERT on outbox/,
  },
  'row-level security before the relay': {
    breaks: 'ALTER TABLE relay_progress ENABLE ROW LEVEL SECURITY',
    restores: 'ALTER ROLE order_relay NOBYPASSRLS; ALTER TABLE relay_progress DISABLE ROW LEVEL SECURITY',
    of: RELAY,
    check: 'row-level security',
    verdict: 'wrong',
    reason: /hide rows of "relay_progress" from order_relay/,
  },
  'row-level security before the api': {
    breaks: 'ALTER TABLE orders ENABLE ROW LEVEL SECURITY',
    restores: 'ALTER ROLE order_api NOBYPASSRLS; ALTER TABLE orders DISABLE ROW LEVEL SECURITY',
    of: API,
    check: 'row-level security',
    verdict: 'wrong',
    reason: /hide rows of orders from order_api/,
  },
  'a publication that is not there': {
    breaks: 'DROP PUBLICATION order_outbox',
    mends:
      "CREATE PUBLICATION order_outbox FOR TABLE outbox WITH (publish = 'insert', publish_via_partition_root = true)",
    of: RELAY,
    check: 'publication',
    verdict: 'wrong',
    reason: /order_outbox does not exist/,
  },
  'a publication with a filter': {
    breaks: "ALTER PUBLICATION order_outbox SET TABLE outbox WHERE (message_type <> 'OrderCreated')",
    of: RELAY,
    check: 'publication',
    verdict: 'wrong',
    reason: /has a row filter, which hides events/,
  },
  'a publication without inserts': {
    breaks: "ALTER PUBLICATION order_outbox SET (publish = 'update')",
    of: RELAY,
    check: 'publication',
    verdict: 'wrong',
    reason: /does not publish inserts/,
  },
  'a slot of another plugin': {
    breaks: `SELECT pg_create_logical_replication_slot('${SLOT}', 'test_decoding')`,
    mends: GONE,
    of: RELAY,
    check: 'slot',
    verdict: 'wrong',
    reason: /is not a pgoutput slot of this database/,
  },
  'a slot that nobody reads': {
    breaks: `SELECT pg_create_logical_replication_slot('${SLOT}', 'pgoutput')`,
    mends: GONE,
    of: RELAY,
    check: 'slot',
    verdict: 'risky',
    reason: /no relay streams from order_outbox, and it keeps WAL/,
  },
  'progress of another cluster': {
    breaks: `INSERT INTO relay_progress (slot, epoch, system_identifier, timeline) VALUES ('${SLOT}', 1, '4711', 1)`,
    mends: 'DELETE FROM relay_progress',
    of: RELAY,
    check: 'progress',
    verdict: 'wrong',
    reason: /not the database .* written in the cluster 4711/,
  },
  'an event that does not move': {
    breaks: `INSERT INTO outbox (message_id, message_type, message_body, created_at)
      VALUES (gen_random_uuid(), 'Stuck', '{}', now() - interval '1 hour')`,
    mends: 'TRUNCATE outbox',
    of: RELAY,
    check: 'oldest event',
    verdict: 'wrong',
    reason: /the oldest event has waited for 3\d\d\d s/,
  },
  'a message that is parked': {
    breaks: `INSERT INTO outbox (message_id, message_type, message_body, parked_at)
      VALUES (gen_random_uuid(), 'Parked', '{}', now())`,
    mends: 'TRUNCATE outbox',
    of: RELAY,
    check: 'parked',
    verdict: 'risky',
    reason: /1 parked, and 0 waiting/,
  },
  'columns that are not there': {
    breaks: 'ALTER TABLE outbox RENAME COLUMN deferred_at TO deferred',
    mends: 'ALTER TABLE outbox RENAME COLUMN deferred TO deferred_at',
    of: RELAY,
    check: 'table',
    verdict: 'wrong',
    reason: /has no deferred_at/,
  },
  'a schema that is behind': {
    breaks:
      'CREATE TABLE applied AS SELECT * FROM drizzle.__drizzle_migrations; DELETE FROM drizzle.__drizzle_migrations',
    mends: 'INSERT INTO drizzle.__drizzle_migrations SELECT * FROM applied; DROP TABLE applied',
    of: API,
    check: 'schema',
    verdict: 'wrong',
    reason: /is not applied/,
  },
  'a schema that the api may not look into': {
    breaks: 'REVOKE USAGE ON SCHEMA drizzle FROM order_api',
    of: API,
    check: 'schema',
    verdict: 'wrong',
    reason: /may not see which migrations are applied: permission denied for schema drizzle/,
  },
  'a search_path that leads elsewhere': {
    breaks: 'ALTER ROLE order_api SET search_path = nowhere',
    mends: 'ALTER ROLE order_api RESET search_path',
    of: API,
    check: 'schema',
    verdict: 'wrong',
    reason: /no table outbox on the search_path \(nowhere\)/,
  },
  'a hostile time limit of a role': {
    breaks: "ALTER ROLE order_relay IN DATABASE orders SET statement_timeout = '500ms'",
    of: RELAY,
    check: 'role settings',
    verdict: 'risky',
    reason: /order_relay IN DATABASE orders SET statement_timeout = '500ms'/,
  },
  'a hostile time limit of a database': {
    breaks: 'ALTER DATABASE orders SET lock_timeout = 900',
    of: API,
    check: 'role settings',
    verdict: 'risky',
    reason: /ALTER DATABASE orders SET lock_timeout = '900'/,
  },
  'a library path without pgoutput': {
    breaks: "ALTER ROLE order_relay SET dynamic_library_path = '/nowhere'",
    of: RELAY,
    check: 'role settings',
    verdict: 'wrong',
    reason: /dynamic_library_path = '\/nowhere'/,
  },
  'no synchronous commits': {
    breaks: 'ALTER ROLE order_api SET synchronous_commit = off',
    of: API,
    check: 'synchronous_commit',
    verdict: 'risky',
    reason: /may lose orders that were acknowledged/,
  },
  'no limit for the WAL of a slot': {
    breaks: 'ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf()',
    of: RELAY,
    check: 'max_slot_wal_keep_size',
    verdict: 'risky',
    reason: /until the disk is full/,
  },
  'a limit for the WAL of a slot that comes before that of the relay': {
    breaks: "ALTER SYSTEM SET max_slot_wal_keep_size = '1GB'; SELECT pg_reload_conf()",
    of: RELAY,
    check: 'max_slot_wal_keep_size',
    verdict: 'risky',
    reason: /1024 MB is not more than RELAY_WAL_LIMIT_MB, 4096/,
  },
  'connections that are never given up': {
    breaks: 'ALTER SYSTEM SET wal_sender_timeout = 0; SELECT pg_reload_conf()',
    of: RELAY,
    check: 'wal_sender_timeout',
    verdict: 'risky',
    reason: /it is 0/,
  },
  'transactions that may stay open': {
    breaks: 'ALTER SYSTEM SET idle_in_transaction_session_timeout = 0; SELECT pg_reload_conf()',
    of: RELAY,
    check: 'idle_in_transaction_session_timeout',
    verdict: 'risky',
    reason: /blocks the making of the slot/,
  },
  'a disk that is not waited for': {
    breaks: 'ALTER SYSTEM SET full_page_writes = off; SELECT pg_reload_conf()',
    of: API,
    check: 'crash safety',
    verdict: 'risky',
    reason: /full_page_writes off/,
  },
};

describe('on a healthy system', () => {
  let cluster: Cluster;
  let bus: LocalServiceBus;
  let env: Record<string, string>;
  const closers: (() => Promise<void>)[] = [];

  before(async () => {
    const scope = { after: (fn: () => Promise<void>) => void closers.push(fn) };
    cluster = await createCluster(scope, { fsync: 'on' });
    await run(cluster, WORKING);
    bus = await openServiceBus({
      port: 0,
      namespace: {
        topics: [{ name: 'orders', duplicateWindowMs: 3_600_000, subscriptions: [{ name: 'all' }] }],
      },
    });
    env = { ...(await createDocumentedRoles(cluster)), ...brokerEnvironment(bus), API_AUTH: 'none' };
  });
  after(async () => {
    await bus?.close();
    for (const close of closers) await close();
  });

  const look = () => examined(env, { emulatorPort: bus.healthPort });
  /** What is so before a relay has begun, and for whoever lets everybody in. */
  const EXPECTED_RISKS = [
    'Who may call the api: issuer',
    'PostgreSQL, for the relay: slot',
    'PostgreSQL, for the relay: progress',
  ];

  test('nothing is wrong, with the roles of the documents and before a relay has begun', async () => {
    const found = await look();

    assert.deepEqual(found.named('wrong'), []);
    assert.deepEqual(found.named('cannot tell'), [
      'Processes on this machine: api ready',
      'Processes on this machine: relay ready',
    ]);
    assert.deepEqual(found.named('risky'), EXPECTED_RISKS);
    assert.equal(exitCode(found.findings), 0);
    assert.ok(found.findings.length > 45);
  });

  for (const [name, { breaks, mends, restores = '', ...expected }] of Object.entries(CASES)) {
    test(`it names ${name}`, async () => {
      await run(cluster, breaks);

      const found = assertFound(await look(), expected);
      const mended = mends ?? found.command ?? '';
      await run(cluster, mended);
      const again = await look();

      assert.deepEqual(again.named('risky'), EXPECTED_RISKS, mended);
      assert.deepEqual(again.named('wrong'), []);
      await run(cluster, restores);
    });
  }

  test('it names a lock that others wait for, and who holds it', async (t) => {
    const [holder, waiter] = await Promise.all([connect(cluster.url), connect(cluster.url)]);
    t.after(() => Promise.all([holder.end(), waiter.end()]));
    await holder.query('BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE');
    const { rows } = await holder.query('SELECT pg_backend_pid() AS pid');
    const waiting = waiter.query('BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE; COMMIT');

    await until(
      'somebody waits',
      async () => (await cluster.pool.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount,
    );
    const found = await look();
    await holder.query('ROLLBACK');
    await waiting;

    const reason = new RegExp(`1 wait for locks of ${rows[0].pid}`);
    assertFound(found, { of: RELAY, check: 'locks', verdict: 'risky', reason });
  });

  test('with a relay that streams, slot and progress are right', async (t) => {
    const relay = startRelay(t, { url: env['RELAY_DATABASE_URL'] ?? '', bus, slot: SLOT });
    await untilStreaming(relay);

    const found = await look();
    await relay.stop();

    assert.deepEqual(found.named('risky'), ['Who may call the api: issuer']);
    assert.deepEqual(found.named('wrong'), []);
    assertFound(found, {
      of: RELAY,
      check: 'slot',
      verdict: 'right',
      reason: /a relay streams from order_outbox/,
    });
  });

  test('it names a role that is not there, tells of nothing else, and still looks at the rest', async () => {
    const url = Object.assign(new URL(cluster.url), { username: 'nobody' }).href;

    const found = await examined({ ...env, RELAY_DATABASE_URL: url }, { emulatorPort: bus.healthPort });

    const reason = /role "nobody" does not exist .*create the role of RELAY_DATABASE_URL/;
    assertFound(found, { of: RELAY, check: 'connection', verdict: 'wrong', reason });
    assert.ok(found.named('cannot tell').every((name) => !name.startsWith('PostgreSQL, for the api')));
    assert.deepEqual(found.named('wrong'), ['PostgreSQL, for the relay: connection']);
    assert.equal(found.finding('Service Bus', 'sending').verdict, 'right');
  });

  test('its sessions can write nothing, and none is left', async () => {
    const session = await openSession(env['DATABASE_URL'] ?? '');
    const event = `INSERT INTO outbox (message_id, message_type, message_body) VALUES (gen_random_uuid(), 'T', '{}')`;

    await assert.rejects(session.pool.query(event), { code: '25006' });
    await session.pool.end();
    await look();

    await until('no session is left', async () => {
      const { rowCount } = await cluster.pool.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'doctor'`,
      );
      return rowCount === 0;
    });
  });
});

/** One statement at a time: some want no transaction around them. A new setting holds for every later connection. */
async function run({ pool, url }: Cluster, sql: string): Promise<void> {
  const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  for (const statement of sql.split(';')) if (statement.trim()) await pool.query(statement);
  if (!sql.includes('pg_reload_conf')) return;
  await until('the server has read its settings', async () => {
    const client = await connect(url);
    const loaded = await client.query('SELECT pg_conf_load_time() > $1 AS "isNew"', [rows[0]?.now]);
    await client.end();
    return loaded.rows[0]?.isNew;
  });
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}
