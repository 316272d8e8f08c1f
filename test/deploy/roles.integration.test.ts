import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { type LocalPostgres, openPostgres } from '../../dev/postgres.ts';
import { confirmDatabase } from '../../relay/admin/confirm-database.ts';
import { dropMessage, replayPublished, retryMessage } from '../../relay/admin/outbox-admin.ts';
import { inspectOutbox } from '../../relay/admin/outbox-inspection.ts';
import { measureLag } from '../../relay/monitoring/outbox-lag.ts';
import { RelayMonitor } from '../../relay/monitoring/relay-monitor.ts';
import { assertOutbox } from '../../relay/outbox/assert-outbox.ts';
import { hasUnsettled } from '../../relay/outbox/has-unsettled.ts';
import { OutboxStore } from '../../relay/outbox/outbox-store.ts';
import { inspectCluster } from '../../relay/recovery/cluster.ts';
import { dropSlot, makeSlot } from '../../relay/recovery/make-slot.ts';
import { ProgressStore } from '../../relay/recovery/progress-store.ts';
import { inspectPublication } from '../../relay/replication/publication.ts';
import { inspectSlot } from '../../relay/replication/slot.ts';
import { inspectSlotWal } from '../../relay/replication/slot-wal.ts';
import { Retention } from '../../relay/retention/retention.ts';
import { buildApp } from '../../src/app.ts';
import { createLogger } from '../../src/core/log.ts';
import { assertSchemaCurrent } from '../../src/db/schema-version.ts';
import { removeExpired } from '../../src/idempotency/answer-store.ts';
import { documents } from '../support/documents.ts';
import { OUTBOX } from '../support/outbox-table.ts';
import { until } from '../support/until.ts';

// The SQL of the documents itself, on a cluster of its own, because roles belong to a cluster and not to a database.

const SLOT = 'order_outbox';
const DENIED = { code: '42501' };
const ORDER = {
  customerId: 'cust-123',
  items: [{ productId: 'prod-456', quantity: 2, unitPrice: 19.99 }],
  shippingAddress: { street: '1 Main', city: 'Springfield', state: 'IL', zipCode: '62701', country: 'USA' },
};

const NEVER = AbortSignal.any([]);

let server: LocalPostgres;
let admin: pg.Pool;
let migrator: pg.Pool;
let api: pg.Pool;
let relay: pg.Pool;

before(async () => {
  server = await openPostgres();
  const first = new pg.Client({ connectionString: server.url('postgres') });
  await first.connect();
  await first.query('CREATE DATABASE orders');
  await first.end();
  admin = openPool('postgres');
  await admin.query(sqlBlock('roles'));
  const migrate = spawnSync('npm', ['run', '--silent', 'db:migrate'], {
    env: { ...process.env, DATABASE_URL: urlOf('order_migrator') },
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  assert.equal(migrate.status, 0, migrate.stdout + migrate.stderr);
  migrator = openPool('order_migrator');
  await migrator.query(sqlBlock('grants'));
  api = openPool('order_api');
  relay = openPool('order_relay');
});

after(async () => {
  for (const pool of [admin, migrator, api, relay]) await pool?.end();
  await server.close();
});

test('no role of the system is a superuser, and the relay alone may replicate', async () => {
  const { rows } = await admin.query(
    `SELECT rolname AS name, rolreplication AS replicates FROM pg_roles
     WHERE rolname LIKE 'order\\_%' AND NOT rolsuper AND NOT rolbypassrls AND NOT rolcreaterole ORDER BY 1`,
  );

  assert.deepEqual(rows, [
    { name: 'order_api', replicates: false },
    { name: 'order_migrator', replicates: false },
    { name: 'order_relay', replicates: true },
  ]);
});

test('the grants can be run again, and the next migration can be applied', async () => {
  const notices: (string | undefined)[] = [];
  const client = await migrator.connect();
  client.on('notice', ({ message }) => notices.push(message));
  await client.query(sqlBlock('grants'));
  client.release();
  assert.deepEqual(notices, [], 'PostgreSQL warns of what it could not grant');

  await migrator.query('ALTER TABLE outbox ADD COLUMN of_the_next_release text');
  await migrator.query('ALTER TABLE outbox DROP COLUMN of_the_next_release');
  await migrator.query('ALTER PUBLICATION order_outbox SET TABLE outbox');
});

test('the role of the api serves the api', async (t) => {
  const app = await buildApp({
    pool: api,
    log: createLogger({ level: 'silent', service: 'test' }),
    docs: false,
  });
  t.after(() => app.close());

  await assertSchemaCurrent(api);
  const post = () =>
    app.inject({
      method: 'POST',
      url: '/api/orders',
      payload: ORDER,
      headers: { 'idempotency-key': 'key-1' },
    });
  const created = await post();
  const replayed = await post();
  await admin.query(`UPDATE idempotency_keys SET created_at = now() - interval '2 days'`);
  const anew = await post();
  await removeExpired(drizzle(api), 10);
  const { orderId } = created.json();
  const read = await app.inject({ url: `/api/orders/${orderId}` });
  const list = await app.inject({ url: '/api/orders' });
  const events = await app.inject({ url: `/api/orders/${orderId}/events` });
  const cancelled = await app.inject({
    method: 'POST',
    url: `/api/orders/${orderId}/cancel`,
    payload: { reason: 'Ordered twice' },
  });
  const ready = await app.inject({ url: '/health/ready' });

  assert.deepEqual(
    [created, read, list, events, cancelled, ready].map(({ statusCode }) => statusCode),
    [201, 200, 200, 200, 200, 200],
  );
  assert.deepEqual([replayed.body === created.body, anew.statusCode], [true, 201]);
});

test('the role of the api can do nothing else', async () => {
  for (const statement of [
    'SELECT * FROM outbox',
    'SELECT message_body FROM outbox',
    'SELECT error_message FROM outbox',
    'UPDATE outbox SET processed_at = now()',
    'DELETE FROM outbox',
    'DELETE FROM orders',
    'UPDATE order_items SET quantity = 1',
    'TRUNCATE orders',
    'SELECT * FROM relay_progress',
    'INSERT INTO drizzle.__drizzle_migrations (hash) VALUES (1)',
    'CREATE TABLE another (id int)',
    'DROP PUBLICATION order_outbox',
    "SELECT pg_create_logical_replication_slot('other', 'pgoutput')",
  ]) {
    await assert.rejects(api.query(statement), DENIED, statement);
  }
});

test('the role of the relay makes its slot, reads, marks and keeps its progress', async () => {
  const messageId = await insertEvent();
  const store = new OutboxStore(relay, OUTBOX);
  const progress = new ProgressStore(relay, OUTBOX);

  await assertOutbox(relay, OUTBOX);
  const { version } = await inspectPublication(relay, 'order_outbox', OUTBOX);
  const slot = await makeSlot(urlOf('order_relay'), SLOT, OUTBOX, () => progress.restart(SLOT, 0n), NEVER);
  await slot.release();
  const epoch = (await progress.claim(SLOT, slot.epoch, version)) ?? 0n;
  await store.noteFailure([messageId], 'server busy', new Date());
  const failed = await store.look([messageId]);
  const lsn = slot.consistentLsn;
  const mark = await store.mark({
    slot: SLOT,
    epoch,
    messageIds: [messageId],
    settledLsn: lsn,
    markedLsn: lsn,
    stored: { settledLsn: 0n, markedLsn: 0n },
  });
  const marked = await store.look([messageId]);

  assert.ok(slot.positions.length > 0);
  assert.equal((await inspectSlot(relay, SLOT))?.lost, false);
  assert.deepEqual(mark, { hits: 1, progressStored: true });
  assert.deepEqual([failed.settled.size, marked.settled.size], [0, 1]);
  await hasUnsettled(relay, OUTBOX);
  await measureLag({ pool: relay, table: OUTBOX, slot: SLOT, monitor: new RelayMonitor() });
  await store.readAt([1n]);
  await progress.find(SLOT);
  await store.snapshot();
  const { systemIdentifier, timeline } = await inspectCluster(relay);
  const confirmed = await confirmDatabase(relay, OUTBOX, SLOT);
  assert.deepEqual(confirmed, { systemIdentifier, timeline, epoch: epoch + 1n });
  assert.equal((await inspectSlotWal(relay, SLOT))?.status, 'reserved');
  await relay.query('UPDATE outbox SET parked_at = now(), dropped_at = now() WHERE message_id = $1', [
    messageId,
  ]);
});

test('the role of the relay carries out what an operator asks for', async () => {
  const [retried, dropped] = [await insertEvent(), await insertEvent()];
  await relay.query('UPDATE outbox SET parked_at = now() WHERE message_id IN ($1, $2)', [retried, dropped]);

  await retryMessage(relay, OUTBOX, retried);
  await dropMessage(relay, OUTBOX, dropped, 'not needed');
  await admin.query(`UPDATE outbox SET processed_at = '2026-01-02T00:00:00Z' WHERE message_id = $1`, [
    retried,
  ]);
  const range = { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' };

  assert.deepEqual(await Array.fromAsync(replayPublished(relay, OUTBOX, range)), [1]);
  assert.ok(
    (await inspectOutbox(relay, OUTBOX, 10)).unsettled.some(({ messageId }) => messageId === retried),
  );
});

test('the query for parked messages shows those that the command lists, and none that was dropped', async () => {
  const [parked, dropped] = [await insertEvent(), await insertEvent()];
  await relay.query('UPDATE outbox SET parked_at = now() WHERE message_id IN ($1, $2)', [parked, dropped]);
  await dropMessage(relay, OUTBOX, dropped, 'not needed');

  const results = (await admin.query(sqlBlock('watch'))) as unknown as pg.QueryResult<{
    message_id: string;
  }>[];
  const listed = await inspectOutbox(relay, OUTBOX, 10);

  const shown = results[1]?.rows.map(({ message_id }) => message_id);
  assert.deepEqual(shown, [parked]);
  assert.deepEqual(
    shown,
    listed.parked.map(({ messageId }) => messageId),
  );
});

test('the role of the relay deletes what is old', async (t) => {
  const messageId = await insertEvent();
  await admin.query(`UPDATE outbox SET processed_at = now() - interval '1 hour' WHERE message_id = $1`, [
    messageId,
  ]);
  const log = createLogger({ level: 'silent', service: 'test' });
  const monitor = new RelayMonitor();
  const retention = new Retention(
    { pool: relay, table: OUTBOX, monitor, log, random: Math.random },
    { keepMs: 60_000, everyMs: 5 },
  );
  const ending = new AbortController();

  const running = retention.run(() => 2n ** 64n, ending.signal);
  t.after(async () => {
    ending.abort();
    await running;
  });

  await until('the row is deleted', () => monitor.counts.deletedRows > 0);
});

test('the role of the relay streams the inserts of the publication', async (t) => {
  const client = new pg.Client({
    connectionString: urlOf('order_relay'),
    ...({ replication: 'database' } as object),
  });
  await client.connect();
  t.after(() => client.end());

  await client.query('CREATE_REPLICATION_SLOT streamed TEMPORARY LOGICAL pgoutput');
  await insertEvent();
  const { rows } = await client.query(
    "SELECT count(*)::int AS changes FROM pg_logical_slot_peek_binary_changes('streamed', NULL, NULL, 'proto_version', '1', 'publication_names', 'order_outbox')",
  );

  assert.ok(rows[0].changes >= 4, 'begin, relation, insert, commit');
});

test('the role of the relay sees which of its statuses the server has received', async () => {
  const { rows } = await relay.query(`SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS sees`);

  assert.deepEqual(rows, [{ sees: true }]);
});

test('the role of the relay can do nothing else', async () => {
  for (const statement of [
    'SELECT * FROM orders',
    'SELECT * FROM idempotency_keys',
    'SELECT * FROM order_items',
    'SELECT * FROM drizzle.__drizzle_migrations',
    `INSERT INTO outbox (message_id, message_type, message_body) VALUES (gen_random_uuid(), 'Ping', '{}')`,
    `UPDATE outbox SET message_body = '{}'`,
    'UPDATE outbox SET created_at = now()',
    'TRUNCATE outbox',
    'DELETE FROM relay_progress',
    'CREATE TABLE another (id int)',
    'ALTER PUBLICATION order_outbox SET TABLE relay_progress',
  ]) {
    await assert.rejects(relay.query(statement), DENIED, statement);
  }
});

test('the queries of the documents run, and retiring a relay drops its slot', async () => {
  for (const name of ['watch', 'publication', 'deadlock']) await admin.query(sqlBlock(name));
  await admin.query(`BEGIN; ${sqlBlock('parts')}; ROLLBACK`);
  await migrator.query(sqlBlock('autovacuum'));
  const slots = () => admin.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [SLOT]);
  const progress = new ProgressStore(relay, OUTBOX);
  const { epoch = 0n } = (await progress.find(SLOT)) ?? {};
  const slot = await makeSlot(urlOf('order_relay'), SLOT, OUTBOX, () => progress.restart(SLOT, epoch), NEVER);
  await slot.release();
  assert.equal((await slots()).rowCount, 1);
  assert.equal(await dropSlot(urlOf('order_relay'), SLOT, async () => false, NEVER), false);
  assert.equal((await slots()).rowCount, 1);
  assert.equal(await dropSlot(urlOf('order_relay'), SLOT, async () => true, NEVER), true);
  assert.equal((await slots()).rowCount, 0);
  await admin.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [SLOT]);

  await admin.query(sqlBlock('retire'));

  assert.equal((await slots()).rowCount, 0);
  assert.equal((await admin.query('SELECT FROM relay_progress')).rowCount, 0);
});

function sqlBlock(name: string): string {
  const block = documents.flatMap(({ blocks }) => blocks).find(({ language }) => language === `sql ${name}`);
  assert.ok(block, `a document has the block ${name}`);
  return block.text;
}

function urlOf(role: string): string {
  return Object.assign(new URL(server.url('orders')), { username: role }).href;
}

function openPool(role: string): pg.Pool {
  const pool = new pg.Pool({ connectionString: urlOf(role), max: 2 });
  pool.on('error', () => undefined); // the server goes first
  return pool;
}

async function insertEvent(): Promise<string> {
  const messageId = randomUUID();
  await api.query("INSERT INTO outbox (message_id, message_type, message_body) VALUES ($1, 'Ping', '{}')", [
    messageId,
  ]);
  return messageId;
}
