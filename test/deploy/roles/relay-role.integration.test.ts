import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { confirmDatabase } from '../../../relay/admin/confirm-database.ts';
import { dropMessage, replayPublished, retryMessage } from '../../../relay/admin/outbox-admin.ts';
import { inspectOutbox } from '../../../relay/admin/outbox-inspection.ts';
import { measureLag } from '../../../relay/monitoring/outbox-lag.ts';
import { RelayMonitor } from '../../../relay/monitoring/relay-monitor.ts';
import { assertOutbox } from '../../../relay/outbox/assert-outbox.ts';
import { hasUnsettled } from '../../../relay/outbox/has-unsettled.ts';
import { OutboxStore } from '../../../relay/outbox/outbox-store.ts';
import { Routing } from '../../../relay/outbox/routing.ts';
import { inspectCluster } from '../../../relay/recovery/cluster.ts';
import { dropSlot, makeSlot } from '../../../relay/recovery/make-slot.ts';
import { ProgressStore } from '../../../relay/recovery/progress-store.ts';
import { inspectPublication } from '../../../relay/replication/publication.ts';
import { inspectSlot } from '../../../relay/replication/slot.ts';
import { inspectSlotWal } from '../../../relay/replication/slot-wal.ts';
import { Retention } from '../../../relay/retention/retention.ts';
import { createLogger } from '../../../src/core/log.ts';
import { sqlBlock } from '../../support/documents.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { until } from '../../support/until.ts';
import { DENIED, documentedRoles } from './documented-roles.ts';

const roles = documentedRoles();

const SLOT = 'order_outbox';
const NEVER = AbortSignal.any([]);

test('the role of the relay makes its slot, reads, marks and keeps its progress', async () => {
  const messageId = await roles.insertEvent();
  const store = new OutboxStore(roles.relay, OUTBOX);
  const progress = new ProgressStore(roles.relay, OUTBOX);

  await assertOutbox(roles.relay, OUTBOX);
  const { version } = await inspectPublication(roles.relay, 'order_outbox', OUTBOX);
  const slot = await makeSlot({
    url: roles.urlOf('order_relay'),
    name: SLOT,
    table: OUTBOX,
    failover: 'auto',
    onLocked: () => progress.restart(SLOT, 0n),
    stopping: NEVER,
  });
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
  assert.equal((await inspectSlot(roles.relay, SLOT))?.lost, false);
  assert.deepEqual(mark, { hits: 1, progressStored: true });
  assert.deepEqual([failed.settled.size, marked.settled.size], [0, 1]);
  await hasUnsettled(roles.relay, OUTBOX);
  const routing = new Routing('orders');
  await measureLag({ pool: roles.relay, table: OUTBOX, slot: SLOT, monitor: new RelayMonitor(), routing });
  await store.readAt([1n]);
  await progress.find(SLOT);
  await store.snapshot();
  const { systemIdentifier, timeline } = await inspectCluster(roles.relay);
  const confirmed = await confirmDatabase(roles.relay, OUTBOX, SLOT);
  assert.deepEqual(confirmed, { systemIdentifier, timeline, epoch: epoch + 1n });
  assert.equal((await inspectSlotWal(roles.relay, SLOT))?.status, 'reserved');
  await roles.relay.query('UPDATE outbox SET parked_at = now(), dropped_at = now() WHERE message_id = $1', [
    messageId,
  ]);
});

test('the role of the relay carries out what an operator asks for', async () => {
  const [retried, dropped] = [await roles.insertEvent(), await roles.insertEvent()];
  await roles.relay.query('UPDATE outbox SET parked_at = now() WHERE message_id IN ($1, $2)', [
    retried,
    dropped,
  ]);

  await retryMessage(roles.relay, OUTBOX, retried);
  await dropMessage(roles.relay, OUTBOX, dropped, 'not needed');
  await roles.admin.query(`UPDATE outbox SET processed_at = '2026-01-02T00:00:00Z' WHERE message_id = $1`, [
    retried,
  ]);
  const range = { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' };

  assert.deepEqual(await Array.fromAsync(replayPublished(roles.relay, OUTBOX, range)), [1]);
  assert.ok(
    (await inspectOutbox(roles.relay, OUTBOX, 10)).unsettled.some(({ messageId }) => messageId === retried),
  );
});

test('the query for parked messages shows those that the command lists, and none that was dropped', async () => {
  const [parked, dropped] = [await roles.insertEvent(), await roles.insertEvent()];
  await roles.relay.query('UPDATE outbox SET parked_at = now() WHERE message_id IN ($1, $2)', [
    parked,
    dropped,
  ]);
  await dropMessage(roles.relay, OUTBOX, dropped, 'not needed');

  const results = (await roles.admin.query(sqlBlock('watch'))) as unknown as pg.QueryResult<{
    message_id: string;
  }>[];
  const listed = await inspectOutbox(roles.relay, OUTBOX, 10);

  const shown = results[1]?.rows.map(({ message_id }) => message_id);
  assert.deepEqual(shown, [parked]);
  assert.deepEqual(
    shown,
    listed.parked.map(({ messageId }) => messageId),
  );
});

test('the role of the relay deletes what is old', async (t) => {
  const messageId = await roles.insertEvent();
  await roles.admin.query(
    `UPDATE outbox SET processed_at = now() - interval '1 hour' WHERE message_id = $1`,
    [messageId],
  );
  const log = createLogger({ level: 'silent', service: 'test' });
  const monitor = new RelayMonitor();
  const retention = new Retention(
    { pool: roles.relay, table: OUTBOX, monitor, log, random: Math.random },
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
    connectionString: roles.urlOf('order_relay'),
    ...({ replication: 'database' } as object),
  });
  await client.connect();
  t.after(() => client.end());

  await client.query('CREATE_REPLICATION_SLOT streamed TEMPORARY LOGICAL pgoutput');
  await roles.insertEvent();
  const { rows } = await client.query(
    "SELECT count(*)::int AS changes FROM pg_logical_slot_peek_binary_changes('streamed', NULL, NULL, 'proto_version', '1', 'publication_names', 'order_outbox')",
  );

  assert.ok(rows[0].changes >= 4, 'begin, relation, insert, commit');
});

test('the role of the relay sees which of its statuses the server has received', async () => {
  const { rows } = await roles.relay.query(`SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS sees`);

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
    await assert.rejects(roles.relay.query(statement), DENIED, statement);
  }
});

test('the queries of the documents run, and retiring a relay drops its slot', async () => {
  for (const name of ['watch', 'publication', 'deadlock']) await roles.admin.query(sqlBlock(name));
  await roles.admin.query(`BEGIN; ${sqlBlock('parts')}; ROLLBACK`);
  await roles.migrator.query(sqlBlock('autovacuum'));
  const slots = () => roles.admin.query('SELECT FROM pg_replication_slots WHERE slot_name = $1', [SLOT]);
  const progress = new ProgressStore(roles.relay, OUTBOX);
  const { epoch = 0n } = (await progress.find(SLOT)) ?? {};
  const slot = await makeSlot({
    url: roles.urlOf('order_relay'),
    name: SLOT,
    table: OUTBOX,
    failover: 'auto',
    onLocked: () => progress.restart(SLOT, epoch),
    stopping: NEVER,
  });
  await slot.release();
  assert.equal((await slots()).rowCount, 1);
  assert.equal(await dropSlot(roles.urlOf('order_relay'), SLOT, async () => false, NEVER), false);
  assert.equal((await slots()).rowCount, 1);
  assert.equal(await dropSlot(roles.urlOf('order_relay'), SLOT, async () => true, NEVER), true);
  assert.equal((await slots()).rowCount, 0);
  await roles.admin.query("SELECT pg_create_logical_replication_slot($1, 'pgoutput')", [SLOT]);

  await roles.admin.query(sqlBlock('retire'));

  assert.equal((await slots()).rowCount, 0);
  assert.equal((await roles.admin.query('SELECT FROM relay_progress')).rowCount, 0);
});
