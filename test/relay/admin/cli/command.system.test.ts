import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import type pg from 'pg';
import { cleanup } from '../../../support/cleanup.ts';
import { createDatabase, EMPTY } from '../../../support/database.ts';
import { runOutbox as run, runOutboxIn as runIn } from '../../../support/outbox-command.ts';
import { insertEvent } from '../../../support/relay.ts';

// The command as an operator runs it. What it does to the rows, and its words to the relay: test/relay/admin/outbox-admin.integration.test.ts.

test('list shows what is parked with its reason and what waits, then what is unsettled', async (t) => {
  const { url, pool } = await createDatabase(t);
  const id = await parkedBefore(pool, 'o1');
  const failing = await insertEvent(pool, 'OrderCancelled', { aggregateId: 'o2' });
  await pool.query(`UPDATE outbox SET retry_count = 7, error_message = $2 WHERE message_id = $1`, [
    failing,
    `the broker\n  ${'does not answer '.repeat(20)}`,
  ]);

  const { code, stdout } = await run(url, 'list');

  assert.equal(code, 0);
  const rows = stdout.split('\n');
  assert.match(stdout, /^1 parked: /);
  assert.match(
    rows.find((row) => row.startsWith(id)) ?? '',
    /OrderCreated +orders +o1 +\S+Z +1 +MessageSizeExceeded$/,
  );
  assert.match(
    rows.find((row) => row.startsWith(failing)) ?? '',
    /OrderCancelled +orders +o2 .* 7 +- +the broker does.*\.\.\.$/,
  );
  assert.ok(
    rows.indexOf(rows.find((row) => row.startsWith(id)) ?? '') <
      rows.findIndex((row) => row.startsWith(failing)),
  );
  assert.match(stdout, /1 unsettled: /);
});

test('list says so when there is nothing, and how many it does not show', async (t) => {
  const { url, pool } = await createDatabase(t);

  assert.equal((await run(url, 'list')).stdout, 'Nothing is parked.\n\nNothing else is unsettled.\n');
  for (let n = 0; n < 3; n++) await parkedBefore(pool, `o${n}`);

  const { stdout } = await run(url, 'list', '--limit', '2');
  assert.match(stdout, /^3 parked: .* The oldest 2; --limit N shows more\.\n/);
});

test('a selection is counted first, and is done with --yes', async (t) => {
  const { url, pool } = await createDatabase(t);
  await parkedBefore(pool, 'o1');
  await parkedBefore(pool, 'o2');

  const counted = await run(url, 'drop', '--reason-like', 'size', '--reason', 'known');
  assert.equal(counted.code, 1);
  assert.match(
    counted.stdout,
    /^2 parked messages of 2 orders would be given up, for good. Nothing was changed: --yes does it.$/m,
  );
  const done = await run(url, 'drop', '--reason-like', 'size', '--reason', 'known', '--yes', '--json');

  assert.equal(done.code, 0);
  assert.deepEqual(JSON.parse(done.stdout), { count: 2 });
  assert.match((await run(url, 'list')).stdout, /^Nothing is parked\./);
});

test('status is ten lines, or JSON', async (t) => {
  const { url, pool } = await createDatabase(t);
  await parkedBefore(pool, 'o1');

  const { code, stdout } = await run(url, 'status');

  assert.equal(code, 0);
  assert.equal(stdout.trimEnd().split('\n').length, 10);
  assert.match(stdout, /^state +no slot/);
  const { state, parked } = JSON.parse((await run(url, 'status', '--json')).stdout);
  assert.deepEqual([state, parked], ['no-slot', 1]);
});

test('show tells everything about a message, its body at the end', async (t) => {
  const { url, pool } = await createDatabase(t);
  const id = await parkedBefore(pool, 'o1');

  const { code, stdout } = await run(url, 'show', id);

  assert.equal(code, 0);
  assert.match(stdout, /^state +parked\n/);
  for (const line of [
    `messageId +${id}`,
    'aggregateId +o1',
    'aggregateVersion +-',
    'waiting +1',
    'errorMessage +MessageSizeExceeded',
    'userId +-',
  ]) {
    assert.match(stdout, new RegExp(`^${line}$`, 'm'));
  }
  assert.ok(stdout.endsWith('\n\n{"orderId": "o1"}\n'), stdout);
});

test('--json gives the same as JSON, and nothing else', async (t) => {
  const { url, pool } = await createDatabase(t);
  const id = await parkedBefore(pool, 'o1');

  const list = JSON.parse((await run(url, 'list', '--json')).stdout);
  const shown = JSON.parse((await run(url, 'show', id, '--json')).stdout);
  const retried = JSON.parse((await run(url, 'retry', id, '--json')).stdout);

  assert.deepEqual([list.parkedCount, list.parked[0].messageId, list.parked[0].waiting], [1, id, 1]);
  assert.deepEqual([shown.state, shown.messageId, shown.body], ['parked', id, '{"orderId": "o1"}']);
  assert.deepEqual([retried.messageId, retried.aggregateId], [id, 'o1']);
});

test('retry and drop change the message and say what happens next', async (t) => {
  const { url, pool } = await createDatabase(t);
  const [first, second] = [await parkedBefore(pool, 'o1'), await parkedBefore(pool, 'o2')];

  const retried = await run(url, 'retry', first);
  const dropped = await run(url, 'drop', second, '--reason', 'sent by hand');
  const again = await run(url, 'retry', second);

  assert.deepEqual([retried.code, dropped.code], [0, 0]);
  assert.match(
    retried.stdout,
    new RegExp(`^${first} is to be sent again; what waits for it of order o1 follows`),
  );
  assert.match(
    dropped.stdout,
    new RegExp(`^${second} is given up and never sent; what waits for it of order o2 follows`),
  );
  assert.deepEqual([again.code, again.stdout], [1, '']);
  assert.match(again.stderr, /was dropped at .*, which is final/);
  const { rows } = await pool.query(
    `SELECT parked_at IS NULL AS retried, dropped_at IS NOT NULL AS dropped FROM outbox WHERE message_id IN ($1, $2) ORDER BY position`,
    [first, second],
  );
  assert.deepEqual(rows, [
    { retried: true, dropped: false },
    { retried: false, dropped: true },
  ]);
});

test('replay counts first if it is asked to, then has everything sent again', async (t) => {
  const { url, pool } = await createDatabase(t);
  for (let n = 0; n < 3; n++) await insertEvent(pool, 'OrderCreated');
  await pool.query(`UPDATE outbox SET processed_at = '2026-01-02T00:00:00+02:00'`);
  const unsettled = async () => (await pool.query('SELECT FROM outbox WHERE processed_at IS NULL')).rowCount;
  const range = ['--from', '2026-01-01T22:00:00Z', '--to', '2026-01-02T01:00:00+01:00'];

  const dry = await run(url, 'replay', ...range, '--dry-run');
  assert.deepEqual([dry.code, dry.stdout], [0, '3 messages would be sent again. Nothing was changed.\n']);
  assert.equal(await unsettled(), 0);

  const replayed = await run(url, 'replay', ...range);
  assert.equal(replayed.code, 0);
  assert.match(replayed.stdout, /^3 messages are to be sent again, the oldest first/);
  assert.equal(await unsettled(), 3);

  const nothing = await run(url, 'replay', ...range);
  assert.deepEqual([nothing.code, nothing.stdout], [0, 'Nothing was published at that time.\n']);
});

test('the exit code says whose fault it is: of the words, of the configuration, of what was asked for, of the database', async (t) => {
  const { url, pool } = await createDatabase(t);

  const usage = await run(url, 'retry');
  assert.deepEqual([usage.code, usage.stdout], [2, '']);
  assert.match(usage.stderr, /^retry takes ID\n\n.*npm run outbox -- list/s);

  const configuration = await run('', 'list');
  assert.equal(configuration.code, 78);
  assert.match(configuration.stderr, /DATABASE_URL: missing/);

  const unknown = await run(url, 'show', randomUUID());
  assert.deepEqual([unknown.code, unknown.stdout], [1, '']);
  assert.match(unknown.stderr, /no message .* in the outbox/);

  const unreachable = await run('postgres://localhost:1/orders', 'list');
  assert.equal(unreachable.code, 1);
  assert.match(unreachable.stderr, /ECONNREFUSED/);

  await pool.query('ALTER TABLE outbox DROP COLUMN deferred_at CASCADE');
  const behind = await run(url, 'list');
  assert.equal(behind.code, 1);
  assert.match(behind.stderr, /outbox has no deferred_at\. Run: npm run db:migrate/);

  assert.equal((await run('', 'help')).code, 0);
});

test('init prints its SQL without a database, and runs it as the owner of DATABASE_URL', async (t) => {
  const { url, pool } = await createDatabase(t, EMPTY);
  const nobody = 'postgres://localhost:1/orders';

  const printed = await runIn({ OUTBOX_TABLE: 'events', RELAY_PUBLICATION: 'mine' }, 'init', '--role', 'a"b');
  assert.equal(printed.code, 0);
  assert.match(
    printed.stdout,
    /^BEGIN;.*CREATE PUBLICATION "mine" FOR TABLE "events".*TO "a""b";\nCOMMIT;\n$/s,
  );
  await pool.query('CREATE ROLE "a""b"');
  cleanup(t, () => pool.query('DROP OWNED BY "a""b"; DROP ROLE "a""b"'));
  await pool.query(printed.stdout);

  const applied = await runIn({ DATABASE_URL: url, RELAY_DATABASE_URL: nobody }, 'init', '--apply', '--json');
  assert.deepEqual(JSON.parse(applied.stdout), { table: 'outbox', publication: 'order_outbox' });
  assert.equal((await run(url, 'list')).code, 0);

  const named = await runIn({ OUTBOX_TABLE: 'a b' }, 'init');
  assert.equal(named.code, 78);
  assert.match(named.stderr, /OUTBOX_TABLE: bad value/);
});

test('it connects as the relay does: RELAY_DATABASE_URL wins', async (t) => {
  const { url } = await createDatabase(t);

  const { code } = await runIn(
    { DATABASE_URL: 'postgres://localhost:1/orders', RELAY_DATABASE_URL: url },
    'list',
  );

  assert.equal(code, 0);
});

/** A parked event of this order with another one that waits for it. */
async function parkedBefore(pool: pg.Pool, aggregateId: string): Promise<string> {
  const id = await insertEvent(pool, 'OrderCreated', {
    aggregateId,
    body: JSON.stringify({ orderId: aggregateId }),
  });
  await pool.query(
    `UPDATE outbox SET parked_at = now(), error_message = 'MessageSizeExceeded' WHERE message_id = $1`,
    [id],
  );
  const later = await insertEvent(pool, 'OrderCancelled', { aggregateId });
  await pool.query('UPDATE outbox SET deferred_at = now() WHERE message_id = $1', [later]);
  return id;
}
