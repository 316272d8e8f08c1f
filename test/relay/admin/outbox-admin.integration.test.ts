import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import type pg from 'pg';
import {
  countPublished,
  dropMessage,
  replayPublished,
  retryMessage,
} from '../../../relay/admin/outbox-admin.ts';
import { findMessage, inspectOutbox, messageState } from '../../../relay/admin/outbox-inspection.ts';
import { createDatabase } from '../../support/database.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { insertEvent } from '../../support/relay.ts';

const LONG_AGO = { from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' };

test('retry makes a parked message wait for the relay again, and tells the relay which order', async (t) => {
  const { pool, told } = await openOutbox(t);
  const id = await parked(pool, { aggregateId: 'o1' });

  const changed = await retryMessage(pool, OUTBOX, id);

  assert.deepEqual([changed.messageId, changed.aggregateId], [id, 'o1']);
  assert.deepEqual(await told(), [{ redrive: { aggregateId: 'o1' } }]);
  const message = await findMessage(pool, OUTBOX, id);
  assert.ok(message?.deferredAt);
  assert.deepEqual(
    [message.parkedAt, message.errorMessage, message.nextRetryAt, message.retryCount, messageState(message)],
    [null, null, null, 0, 'redriven'],
  );
});

test('the relay is told the message itself if it belongs to no order', async (t) => {
  const { pool, told } = await openOutbox(t);
  const [retried, dropped] = [await parked(pool), await parked(pool)];

  await retryMessage(pool, OUTBOX, retried);
  await dropMessage(pool, OUTBOX, dropped, 'not needed');

  assert.deepEqual(await told(), [{ redrive: { messageId: retried } }, { redrive: { messageId: dropped } }]);
});

test('drop gives up a parked message with a reason, keeps what was the matter, and tells the relay', async (t) => {
  const { pool, told } = await openOutbox(t);
  const id = await parked(pool, { aggregateId: `o'1 "ü"` });

  await dropMessage(pool, OUTBOX, id, 'sent by hand');

  assert.deepEqual(await told(), [{ redrive: { aggregateId: `o'1 "ü"` } }]);
  const message = await findMessage(pool, OUTBOX, id);
  assert.ok(message?.droppedAt && message.parkedAt);
  assert.equal(messageState(message), 'dropped');
  assert.equal(message.errorMessage, 'dropped: sent by hand; before: too large');
});

test('one that waits behind a parked one can be dropped, and goes on waiting for nothing', async (t) => {
  const { pool, told } = await openOutbox(t);
  const first = await parked(pool, { aggregateId: 'o1' });
  const behind = await waiting(pool, 'o1');
  const before = await findMessage(pool, OUTBOX, behind);
  assert.ok(before);
  assert.deepEqual([messageState(before), before.behind], ['waiting', first]);

  await dropMessage(pool, OUTBOX, behind, 'overtaken');

  const message = await findMessage(pool, OUTBOX, behind);
  assert.deepEqual([message?.deferredAt, message?.errorMessage], [null, 'dropped: overtaken']);
  assert.deepEqual(await told(), [{ redrive: { aggregateId: 'o1' } }]);
});

test('what is not parked is refused with what to do instead, and nothing changes', async (t) => {
  const { pool, told } = await openOutbox(t);
  const blocker = await parked(pool, { aggregateId: 'o1' });
  const behind = await waiting(pool, 'o1');
  const published = await insertEvent(pool, 'Published');
  const dropped = await parked(pool, { aggregateId: 'o2' });
  const unsettled = await insertEvent(pool, 'Unsettled');
  const redriven = await waiting(pool, 'o3');
  await pool.query('UPDATE outbox SET processed_at = now() WHERE message_id = $1', [published]);
  await pool.query('UPDATE outbox SET dropped_at = now() WHERE message_id = $1', [dropped]);
  const snapshot = async () => (await pool.query('SELECT * FROM outbox ORDER BY position')).rows;
  const before = await snapshot();

  const refusals: [string, RegExp][] = [
    [behind, new RegExp(`waits for ${blocker}, which is parked`)],
    [published, /was published at \d{4}-.*Z: npm run outbox -- replay/],
    [dropped, /was dropped at \d{4}-.*Z, which is final/],
    [unsettled, /until the broker takes it/],
    [redriven, /being sent again already/],
  ];
  for (const [id, message] of refusals) {
    await assert.rejects(retryMessage(pool, OUTBOX, id), { code: 'MESSAGE_NOT_PARKED', message });
  }
  for (const id of [published, dropped, unsettled]) {
    await assert.rejects(dropMessage(pool, OUTBOX, id, 'x'), { code: 'MESSAGE_NOT_PARKED' });
  }
  const unknown = { code: 'MESSAGE_NOT_FOUND', message: /no message .* in the outbox/ };
  await assert.rejects(retryMessage(pool, OUTBOX, randomUUID()), unknown);
  await assert.rejects(dropMessage(pool, OUTBOX, randomUUID(), 'x'), unknown);

  assert.deepEqual(await snapshot(), before);
  assert.deepEqual(await told(), []);
});

test('of two who retry the same message at once, one is told that it is done', async (t) => {
  const { pool, told } = await openOutbox(t);
  const id = await parked(pool, { aggregateId: 'o1' });

  const outcomes = await Promise.allSettled([retryMessage(pool, OUTBOX, id), retryMessage(pool, OUTBOX, id)]);

  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal((await told()).length, 1);
});

test('replay makes unsettled what was published from the one time on and before the other, and nothing else', async (t) => {
  const { pool, told } = await openOutbox(t);
  const rows: [type: string, columns: string, replayed: boolean][] = [
    ['before', `processed_at = '2025-12-31T23:59:59.999Z'`, false],
    ['at the first moment', `processed_at = '2026-01-01T00:00:00Z'`, true],
    ['waited once', `processed_at = '2026-01-15T00:00:00Z', deferred_at = now()`, true],
    ['at the end', `processed_at = '2026-02-01T00:00:00Z'`, false],
    ['dropped', `processed_at = '2026-01-15T00:00:00Z', dropped_at = now()`, false],
    ['parked', `parked_at = '2026-01-15T00:00:00Z'`, false],
    ['unsettled', 'retry_count = 0', false],
  ];
  for (const [type, columns] of rows) {
    const id = await insertEvent(pool, type);
    await pool.query(`UPDATE outbox SET ${columns} WHERE message_id = $1`, [id]);
  }
  const states = () =>
    pool.query<{ type: string; processed: boolean; deferred: boolean }>(
      `SELECT message_type AS type, processed_at IS NOT NULL AS processed, deferred_at IS NOT NULL AS deferred
       FROM outbox ORDER BY position`,
    );
  const before = (await states()).rows;

  const wanted = rows.filter(([, , replayed]) => replayed).map(([type]) => type);
  assert.equal(await countPublished(pool, OUTBOX, LONG_AGO), wanted.length);
  assert.deepEqual(await Array.fromAsync(replayPublished(pool, OUTBOX, LONG_AGO)), [wanted.length]);

  assert.deepEqual(
    (await states()).rows,
    before.map((row) => (wanted.includes(row.type) ? { ...row, processed: false, deferred: false } : row)),
  );
  assert.deepEqual(await told(), [{ settle: true }]);
});

test('a replay comes in batches of the oldest, and each tells the relay: cut short, nothing is forgotten', async (t) => {
  const { pool, told } = await openOutbox(t);
  for (let n = 0; n < 5; n++) await insertEvent(pool, `E${n}`);
  // In the table the oldest comes last.
  for (let n = 4; n >= 0; n--) {
    await pool.query(`UPDATE outbox SET processed_at = '2026-01-02T00:00:00Z' WHERE message_type = 'E${n}'`);
  }
  const unsettled = async () => {
    const { rows } = await pool.query(
      'SELECT message_type AS type FROM outbox WHERE processed_at IS NULL ORDER BY position',
    );
    return rows.map(({ type }) => type);
  };

  for await (const replayed of replayPublished(pool, OUTBOX, LONG_AGO, 2)) {
    assert.equal(replayed, 2);
    break;
  }
  assert.deepEqual(await unsettled(), ['E0', 'E1']);
  assert.deepEqual(await told(), [{ settle: true }]);

  assert.deepEqual(await Array.fromAsync(replayPublished(pool, OUTBOX, LONG_AGO, 2)), [2, 3]);
  assert.deepEqual(await unsettled(), ['E0', 'E1', 'E2', 'E3', 'E4']);
  assert.equal((await told()).length, 3);
});

test('a replay does not take again what the relay has sent meanwhile', async (t) => {
  const { pool } = await openOutbox(t);
  for (let n = 0; n < 4; n++) await insertEvent(pool, `E${n}`);
  await pool.query(`UPDATE outbox SET processed_at = '2026-01-02T00:00:00Z'`);

  const batches: number[] = [];
  for await (const replayed of replayPublished(
    pool,
    OUTBOX,
    { ...LONG_AGO, to: '2100-01-01T00:00:00Z' },
    2,
  )) {
    batches.push(replayed);
    assert.ok(batches.length < 5, 'it goes on for ever');
    await pool.query('UPDATE outbox SET processed_at = now() WHERE processed_at IS NULL');
  }

  assert.deepEqual(batches, [2, 4]);
});

test('nothing to replay changes nothing and tells nobody', async (t) => {
  const { pool, told } = await openOutbox(t);

  assert.deepEqual(await Array.fromAsync(replayPublished(pool, OUTBOX, LONG_AGO)), []);
  assert.deepEqual(await told(), []);
});

test('the overview has what is parked, how many wait for each, and what else is unsettled, the oldest first', async (t) => {
  const { pool } = await openOutbox(t);
  const [p1, p2] = [await parked(pool, { aggregateId: 'o1' }), await parked(pool, { aggregateId: 'o2' })];
  await waiting(pool, 'o1');
  await waiting(pool, 'o1');
  const orderless = await parked(pool);
  const failing = await insertEvent(pool, 'Failing', { aggregateId: 'o4' });
  const redriven = await waiting(pool, 'o3');
  await pool.query(`UPDATE outbox SET retry_count = 3, error_message = 'busy' WHERE message_id = $1`, [
    failing,
  ]);
  await pool.query('UPDATE outbox SET processed_at = now() WHERE message_id = $1', [
    await insertEvent(pool, 'Published', { aggregateId: 'o1' }),
  ]);

  const overview = await inspectOutbox(pool, OUTBOX, 2);
  const whole = await inspectOutbox(pool, OUTBOX, 100);

  assert.deepEqual(
    whole.parked.map(({ messageId, waiting, errorMessage }) => [messageId, waiting, errorMessage]),
    [
      [p1, 2, 'too large'],
      [p2, 0, 'too large'],
      [orderless, 0, 'too large'],
    ],
  );
  assert.deepEqual(
    whole.unsettled.map(({ messageId, retryCount, errorMessage }) => [messageId, retryCount, errorMessage]),
    [
      [failing, 3, 'busy'],
      [redriven, 0, null],
    ],
  );
  assert.deepEqual([overview.parked.length, overview.parkedCount, overview.unsettledCount], [2, 3, 2]);
});

test('a message is shown whole, its body with the bytes that were committed', async (t) => {
  const { pool } = await openOutbox(t);
  const id = await insertEvent(pool, 'Exact', {
    aggregateId: 'o1',
    body: '{"n":12345678901234567890,"p":1.10}',
  });

  await pool.query(`UPDATE outbox SET metadata = '{"big":12345678901234567890}'`);
  const message = await findMessage(pool, OUTBOX, id);

  assert.equal(message?.body, '{"n": 12345678901234567890, "p": 1.10}');
  assert.equal(message.metadata, '{"big": 12345678901234567890}');
  assert.match(message.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

/** A database, and a slot that shows what its WAL has told the relay. */
async function openOutbox(t: TestContext) {
  const { pool, name } = await createDatabase(t);
  const slot = `${name}_told`;
  await pool.query(`SELECT pg_create_logical_replication_slot($1, 'test_decoding')`, [slot]);
  const told = async (): Promise<unknown[]> => {
    const { rows } = await pool.query<{ content: string }>(
      `SELECT split_part(data, 'content:', 2) AS content FROM pg_logical_slot_peek_changes($1, NULL, NULL)
       WHERE data LIKE 'message: transactional: 1 prefix: outbox-relay,%'`,
      [slot],
    );
    return rows.map(({ content }) => JSON.parse(content));
  };
  return { pool, told };
}

async function parked(pool: pg.Pool, options: { aggregateId?: string } = {}): Promise<string> {
  const id = await insertEvent(pool, 'TooLarge', options);
  await pool.query(
    `UPDATE outbox SET parked_at = now(), error_message = 'too large', retry_count = 1 WHERE message_id = $1`,
    [id],
  );
  return id;
}

async function waiting(pool: pg.Pool, aggregateId: string): Promise<string> {
  const id = await insertEvent(pool, 'Later', { aggregateId });
  await pool.query('UPDATE outbox SET deferred_at = now() WHERE message_id = $1', [id]);
  return id;
}
