import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanup } from '../../../support/cleanup.ts';
import { until } from '../../../support/until.ts';
import { counted } from './messages.ts';
import { counts, createInboxDatabase, openHandler, waitingIds } from './open-handler.ts';

const COMPLETE = { kind: 'complete' };
const HOLD = { onFailure: 'hold' } as const;

/** Fails for these numbers until they are healed. */
function failingFor(...numbers: number[]) {
  const failing = new Set(numbers);
  const behave = (n: number) => {
    if (failing.has(n)) throw new Error(`no ${n}`);
  };
  return { behave, heal: () => failing.clear() };
}

test('a message that cannot be handled waits with all that came with it, and so do the later ones of its aggregate', async (t) => {
  const database = await createInboxDatabase(t);
  const { behave, heal } = failingFor(1);
  const { handle, fates, waiting } = openHandler(t, database, { ...HOLD, behave });
  const trace = { traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`, tracestate: undefined };
  const first = counted(1, { correlationId: 'c', userId: 'u', metadata: { tenant: 'blue' }, trace });
  const later = [counted(2), counted(3)];

  for (const message of [first, ...later, counted(4, { aggregateId: 'b' })]) {
    assert.deepEqual(await handle(message), COMPLETE);
  }

  assert.deepEqual([fates, await counts(database.pool)], [['held', 'held', 'held', 'handled'], [4]]);
  const { rows } = await database.pool.query(
    'SELECT message_body AS body, error_message AS error FROM inbox WHERE processed_at IS NULL ORDER BY sequence_number',
  );
  const behind = `Waits behind message ${first.messageId}`;
  assert.deepEqual(rows, [
    { body: { n: 1 }, error: 'no 1' },
    { body: { n: 2 }, error: behind },
    { body: { n: 3 }, error: behind },
  ]);

  heal();
  assert.deepEqual(await waiting.retry('queue', later[1]?.messageId ?? ''), { handled: 3 });

  assert.deepEqual(await counts(database.pool), [4, 1, 2, 3]);
  const {
    rows: [event],
  } = await database.pool.query('SELECT * FROM outbox ORDER BY position OFFSET 1 LIMIT 1');
  assert.deepEqual(
    [event.correlation_id, event.causation_id, event.user_id, event.metadata, event.traceparent],
    ['c', first.messageId, 'u', { tenant: 'blue' }, trace.traceparent],
  );
  const left =
    'SELECT FROM inbox WHERE processed_at IS NULL OR message_body IS NOT NULL OR message_context IS NOT NULL';
  assert.equal((await database.pool.query(left)).rowCount, 0);
});

test('what waits and comes again is a repeat, and once it was handled too', async (t) => {
  const database = await createInboxDatabase(t);
  const { behave, heal } = failingFor(1);
  const { handle, fates, waiting } = openHandler(t, database, { ...HOLD, behave });
  const message = counted(1, { messageId: 'm' });

  await handle(message);
  await handle(message);
  heal();
  await waiting.retry('queue', 'm');
  await handle(message);

  assert.deepEqual([fates, await counts(database.pool)], [['held', 'repeat', 'repeat'], [1]]);
});

test('a retry that fails is noted, and the others go on waiting', async (t) => {
  const database = await createInboxDatabase(t);
  const { handle, waiting } = openHandler(t, database, { ...HOLD, behave: failingFor(1, 3).behave });
  for (const n of [1, 2]) await handle(counted(n, { messageId: `m${n}` }));
  for (const n of [3, 4]) await handle(counted(n, { messageId: `m${n}`, aggregateId: 'b' }));

  const failed = { messageId: 'm1', reason: 'no 1' };
  assert.deepEqual(await waiting.retry('queue', 'm2'), { handled: 0, failed });
  assert.deepEqual(await waiting.retry('queue', 'elsewhere'), { handled: 0 });

  const { rows } = await database.pool.query(
    'SELECT message_id AS id, retry_count AS n FROM inbox ORDER BY 1',
  );
  assert.deepEqual(
    rows.map(({ id, n }) => [id, n]),
    [
      ['m1', 1],
      ['m2', 0],
      ['m3', 0],
      ['m4', 0],
    ],
  );
  assert.deepEqual(await counts(database.pool), []);
});

test('a message that is dropped is never handled, and those behind it are', async (t) => {
  const database = await createInboxDatabase(t);
  const { handle, fates, waiting } = openHandler(t, database, { ...HOLD, behave: failingFor(1).behave });
  const messages = [1, 2, 3].map((n) => counted(n, { messageId: `m${n}` }));
  for (const message of messages) await handle(message);

  assert.deepEqual(await waiting.drop('queue', ['m1'], 'unwanted'), { dropped: 1, handled: 2 });
  assert.deepEqual(await waiting.drop('queue', ['m1'], 'unwanted'), { dropped: 0, handled: 0 });
  for (const message of messages) await handle(message);

  assert.deepEqual(
    [fates.slice(3), await counts(database.pool)],
    [
      ['repeat', 'repeat', 'repeat'],
      [2, 3],
    ],
  );
  const { rows } = await database.pool.query(
    `SELECT error_message AS error FROM inbox WHERE message_id = 'm1'`,
  );
  assert.deepEqual(rows, [{ error: 'Dropped: unwanted' }]);
});

test('messages without an aggregate wait alone', async (t) => {
  const database = await createInboxDatabase(t);
  const { behave, heal } = failingFor(1, 2);
  const { handle, fates, waiting } = openHandler(t, database, { ...HOLD, behave });
  for (const n of [1, 2, 3]) await handle(counted(n, { messageId: `m${n}`, aggregateId: undefined }));
  heal();

  assert.deepEqual(await waiting.retry('queue', 'm2'), { handled: 1 });

  assert.deepEqual(
    [fates, await counts(database.pool)],
    [
      ['held', 'held', 'handled'],
      [3, 2],
    ],
  );
  assert.deepEqual(await waitingIds(database.pool), ['m1']);
});

test('a message that the table cannot keep is dead-lettered', async (t) => {
  const database = await createInboxDatabase(t);
  const { handle, fates } = openHandler(t, database, { ...HOLD, behave: failingFor(1).behave });

  const settled = await handle(counted(1, { body: Buffer.from('{"n":1,"nul":"\\u0000"}') }));

  assert.deepEqual([settled.kind, fates], ['dead-letter', ['dead-lettered']]);
});

test('a message that comes while the last one is retried is handled behind it, and not left', async (t) => {
  const database = await createInboxDatabase(t);
  const gate = Promise.withResolvers<void>();
  cleanup(t, () => gate.resolve());
  const failing = failingFor(1);
  await openHandler(t, database, { ...HOLD, behave: failing.behave }).handle(counted(1, { messageId: 'm1' }));
  const retrying = openHandler(t, database, { ...HOLD, behave: () => gate.promise });
  const receiving = openHandler(t, database, HOLD);

  const retried = retrying.waiting.retry('queue', 'm1');
  await until('the retry has its row', () =>
    isThere(`state = 'idle in transaction' AND query LIKE 'update "inbox"%'`),
  );
  const handled = receiving.handle(counted(2));
  await until('the other one waits for it', () => isThere(`wait_event_type = 'Lock'`));
  gate.resolve();

  assert.deepEqual([await retried, await handled, receiving.fates], [{ handled: 1 }, COMPLETE, ['handled']]);
  assert.deepEqual(await counts(database.pool), [1, 2]);

  async function isThere(condition: string): Promise<boolean> {
    const { rowCount } = await database.pool.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND ${condition}`,
    );
    return rowCount === 1;
  }
});

test('while messages come, two persons retry again and again: each is handled once, in order, and none is left', async (t) => {
  const database = await createInboxDatabase(t);
  const numbers = Array.from({ length: 40 }, (_, n) => n);
  const failing = new Set(numbers.filter((n) => n % 5 === 0));
  const behave = (n: number) => {
    if (failing.has(n)) throw new Error(`no ${n}`);
  };
  const inbox = openHandler(t, database, { ...HOLD, behave });
  const persons = [openHandler(t, database, HOLD), openHandler(t, database, HOLD)];
  let isOver = false;

  const retrying = persons.map(async ({ waiting }) => {
    for (let last = false; !last; ) {
      last = isOver;
      const [first] = await waitingIds(database.pool);
      if (first !== undefined) await waiting.retry('queue', first);
    }
  });
  for (const n of numbers) await inbox.handle(counted(n));
  isOver = true;
  await Promise.all(retrying);

  assert.deepEqual(await counts(database.pool), numbers);
  assert.deepEqual(await waitingIds(database.pool), []);
});

test('two consumers of one message, the first without its lock: it waits once, or is handled once, and the next one follows', async (t) => {
  const database = await createInboxDatabase(t);
  for (let round = 0; round < 10; round++) {
    await database.pool.query('TRUNCATE counts, inbox');
    const stale = openHandler(t, database, { ...HOLD, behave: failingFor(1).behave, connections: 1 });
    const owner = openHandler(t, database, { ...HOLD, connections: 1 });
    const first = counted(1, { messageId: 'm1' });

    const [settled] = await Promise.all([
      owner.handle(first).then(() => owner.handle(counted(2, { messageId: 'm2' }))),
      stale.handle(first),
    ]);

    assert.deepEqual(settled, COMPLETE);
    const found = [await counts(database.pool), await waitingIds(database.pool)];
    const expected = found[0]?.length === 0 ? [[], ['m1', 'm2']] : [[1, 2], []];
    assert.deepEqual(found, expected);
  }
});
