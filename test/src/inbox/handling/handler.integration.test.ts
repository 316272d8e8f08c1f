import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import { sql } from 'drizzle-orm';
import type pg from 'pg';
import { ApiError, type ApiErrorCode } from '../../../../src/api-error.ts';
import type { Database } from '../../../../src/db/database.ts';
import { describeFailure } from '../../../../src/inbox/handling/describe-failure.ts';
import { MAX_TRIES } from '../../../../src/inbox/handling/failure-policy.ts';
import { cleanup } from '../../../support/cleanup.ts';
import { recordWrites } from '../../../support/record-writes.ts';
import { until } from '../../../support/until.ts';
import { counted } from './messages.ts';
import { type Behaviour, counts, createInboxDatabase, openHandler } from './open-handler.ts';

const COMPLETE = { kind: 'complete' };

test('a message is handled: its effect, its event and its row are there together, and the row is small', async (t) => {
  const database = await createInboxDatabase(t);
  const { handle, fates } = openHandler(t, database);
  const message = counted(1, {
    correlationId: 'c',
    causationId: 'x',
    userId: 'u',
    metadata: { tenant: 'blue' },
  });

  assert.deepEqual(await handle(message), COMPLETE);

  assert.deepEqual([fates, await counts(database.pool)], [['handled'], [1]]);
  const {
    rows: [row],
  } = await database.pool.query('SELECT * FROM inbox');
  const { received_at: received, processed_at: processed, ...others } = row;
  assert.ok(received instanceof Date && processed instanceof Date);
  assert.deepEqual(others, {
    consumer: 'queue',
    message_id: message.messageId,
    message_type: 'Counted',
    message_body: null,
    retry_count: 0,
    next_retry_at: null,
    error_message: null,
    aggregate_id: 'a',
    correlation_id: 'c',
    causation_id: 'x',
    delivery_count: 1,
    sequence_number: String(message.sequenceNumber),
    message_context: null,
  });
  const {
    rows: [event],
  } = await database.pool.query('SELECT * FROM outbox');
  assert.deepEqual(
    [event.correlation_id, event.causation_id, event.user_id, event.metadata],
    ['c', message.messageId, 'u', { tenant: 'blue' }],
  );
});

test('a message costs three turns: its row with what the receptor asks first, all writes, COMMIT', async (t) => {
  const database = await createInboxDatabase(t);
  const ask: Behaviour = (_n, db) => db.execute(sql`SELECT 'asked'`).execute();
  const { handle, pool } = openHandler(t, database, { behave: ask, connections: 1 });
  const client = await pool.connect();
  client.release();
  const writes = recordWrites(client);

  await handle(counted(1));

  const known = /begin|insert into "inbox"|asked|INSERT INTO counts|insert into "outbox"|commit/g;
  const statements = writes.map((bytes) => [...new Set(bytes.match(known))]);
  assert.deepEqual(statements, [
    ['begin', 'insert into "inbox"', 'asked'],
    ['INSERT INTO counts', 'insert into "outbox"'],
    ['commit'],
  ]);
});

test('the same message fifty times at once, to two processes, has one effect and one event', async (t) => {
  const database = await createInboxDatabase(t);
  const [one, two] = [openHandler(t, database), openHandler(t, database)];
  const message = counted(1);

  const settled = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      (i % 2 === 0 ? one : two).handle({ ...message, deliveryCount: i + 1 }),
    ),
  );

  assert.deepEqual(
    settled,
    Array.from({ length: 50 }, () => COMPLETE),
  );
  assert.deepEqual([...one.fates, ...two.fates].sort(), [
    'handled',
    ...Array.from({ length: 49 }, () => 'repeat'),
  ]);
  assert.deepEqual(await counts(database.pool), [1]);
  assert.equal((await database.pool.query('SELECT FROM outbox')).rowCount, 1);
});

test('another consumer handles the same message for itself', async (t) => {
  const database = await createInboxDatabase(t);
  const { handle } = openHandler(t, database);
  await database.pool.query(
    `INSERT INTO inbox (consumer, message_id, message_type) VALUES ('other', 'm', 'Counted')`,
  );

  await handle(counted(1, { messageId: 'm' }));

  assert.deepEqual(await counts(database.pool), [1]);
});

test('what the receptor of a repeat has begun is rolled back', async (t) => {
  const database = await createInboxDatabase(t);
  const { handle, fates } = openHandler(t, database, {
    behave: (_n, db) => db.execute(sql`INSERT INTO counts (n) VALUES (100)`).execute(),
  });
  const message = counted(1);

  await handle(message);
  await handle(message);

  assert.deepEqual(
    [fates, await counts(database.pool)],
    [
      ['handled', 'repeat'],
      [100, 1],
    ],
  );
});

test('a receptor that fails is tried again, and leaves nothing of the tries that failed', async (t) => {
  const database = await createInboxDatabase(t);
  let tries = 0;
  const { handle, fates, errors } = openHandler(t, database, {
    behave: async (_n, db) => {
      await db.execute(sql`INSERT INTO counts (n) VALUES (100)`);
      if (++tries < MAX_TRIES) throw new Error('not yet');
    },
  });

  assert.deepEqual(await handle(counted(1)), COMPLETE);

  assert.deepEqual([fates, errors.length], [['handled'], MAX_TRIES - 1]);
  assert.deepEqual(await counts(database.pool), [100, 1]);
});

test('a receptor that goes on failing is dead-lettered with its reason, and leaves no row', async (t) => {
  const database = await createInboxDatabase(t);
  const { handle, fates, errors } = openHandler(t, database, {
    behave: () => {
      throw new ApiError('ORDER_NOT_FOUND', 'There is no such order');
    },
  });

  assert.deepEqual(await handle(counted(1)), {
    kind: 'dead-letter',
    reason: 'RECEPTOR_FAILED',
    description: 'ORDER_NOT_FOUND: There is no such order',
  });

  assert.deepEqual([fates, errors.length], [['dead-lettered'], MAX_TRIES]);
  assert.equal((await database.pool.query('SELECT FROM inbox')).rowCount, 0);
});

test('while PostgreSQL refuses what every message needs, none is given up; it is handled once that is mended', async (t) => {
  const database = await createInboxDatabase(t);
  const { handle, fates, errors } = openHandler(t, database);
  await database.pool.query('ALTER TABLE counts RENAME TO elsewhere');

  const handling = handle(counted(1));
  await until('it is tried more often than a failing receptor', () => errors.length > MAX_TRIES);
  assert.deepEqual(fates, []);
  await database.pool.query('ALTER TABLE elsewhere RENAME TO counts');

  assert.deepEqual(await handling, COMPLETE);
  assert.deepEqual(await counts(database.pool), [1]);
});

test('a statement that fails is described by what PostgreSQL says, without what it was given, and no longer than the broker keeps', async (t) => {
  const database = await createInboxDatabase(t);
  const { handle } = openHandler(t, database, {
    behave: (n) => {
      if (n === 2) throw new Error('x'.repeat(5_000));
    },
  });

  const [refused, long] = [await handle(counted(4_711)), await handle(counted(2))];

  assert.ok(refused.kind === 'dead-letter' && long.kind === 'dead-letter');
  assert.match(
    refused.description,
    /^new row for relation "counts" violates check constraint "counts_n_check"$/,
  );
  assert.equal(long.description.length, 4_096);
});

test('what cannot be read is dead-lettered at once, with the place of the fault; what is not ours is completed', async (t) => {
  const database = await createInboxDatabase(t);
  const { handle, fates } = openHandler(t, database);
  const unreadable = [
    counted('one'),
    counted(1, { body: Buffer.from('{"n":') }),
    counted(1, { metadata: { schemaVersion: '2' } }),
    counted(1, { messageId: undefined }),
  ];

  const settled = await Promise.all(unreadable.map((message) => handle(message)));
  assert.deepEqual(await handle(counted(1, { type: 'Elsewhere' })), COMPLETE);

  assert.deepEqual(settled[0], {
    kind: 'dead-letter',
    reason: 'BODY_INVALID',
    description: 'BODY_INVALID: /n must be integer',
  });
  assert.deepEqual(
    settled.map((each) => each.kind === 'dead-letter' && each.reason),
    ['BODY_INVALID', 'BODY_MALFORMED', 'SCHEMA_TOO_NEW', 'MESSAGE_ID_MISSING'],
  );
  assert.deepEqual(fates, [...unreadable.map(() => 'dead-lettered'), 'ignored']);
  assert.deepEqual(await counts(database.pool), []);
  assert.equal((await database.pool.query('SELECT FROM inbox')).rowCount, 0);
});

test('while somebody else handles the message for long, it is let go; a connection is not', async (t) => {
  const database = await createInboxDatabase(t);
  const gate = Promise.withResolvers<void>();
  cleanup(t, () => gate.resolve());
  const one = openHandler(t, database, { behave: () => gate.promise });
  const two = openHandler(t, database, { lockTimeoutMs: 50 });
  const message = counted(1);
  const handling = one.handle(message);
  await until('it is in hand', async () => (await openTransactions(database.pool)) === 1);

  const { kind } = await two.handle(message);
  gate.resolve();

  assert.deepEqual([kind, two.fates], ['release', ['released']]);
  assert.match(
    describeFailure(two.errors[0]),
    /^MESSAGE_IN_HAND: .*: canceling statement due to lock timeout$/,
  );
  assert.deepEqual([await handling, await two.handle(message)], [COMPLETE, COMPLETE]);
  assert.deepEqual([two.fates.at(-1), await counts(database.pool)], ['repeat', [1]]);
});

test('a message whose lock is lost is let go: at once, while it waits to be tried again, and instead of a commit', async (t) => {
  const database = await createInboxDatabase(t);
  const lost = new AbortController();
  const { handle, fates } = openHandler(t, database, {
    random: () => 1,
    behave: (n) => {
      if (n === 2) throw new ApiError('ORDER_LOCKED', 'busy');
      lost.abort();
    },
  });
  const lostLater = new AbortController();

  const waiting = handle(counted(2), lostLater.signal);
  lostLater.abort();
  const settled = [
    await waiting,
    await handle(counted(1), lost.signal),
    await handle(counted(3), lost.signal),
  ];

  assert.deepEqual(
    [settled.map(({ kind }) => kind), fates],
    [
      ['release', 'release', 'release'],
      ['released', 'released', 'released'],
    ],
  );
  assert.deepEqual(await counts(database.pool), []);
  assert.equal((await database.pool.query('SELECT FROM inbox')).rowCount, 0);
});

test('what passes by itself is tried again for as long as it takes', async (t) => {
  const database = await createInboxDatabase(t);
  const raised = (code: string) => (db: Database) =>
    db.execute(sql.raw(`DO $$ BEGIN RAISE SQLSTATE '${code}'; END $$`)).execute();
  const thrown = (code: ApiErrorCode) => () => {
    throw new ApiError(code, 'later');
  };
  // A deadlock, a failed serialization, a lock that is not available, a database that stops.
  const passing = ['40P01', '40001', '55P03', '57P01'].map((code): ((db: Database) => unknown) =>
    raised(code),
  );
  passing.push(thrown('OVERLOADED'), thrown('ORDER_LOCKED'), thrown('DATABASE_UNAVAILABLE'));
  const failed = passing.map(() => 0);
  const { handle, fates } = openHandler(t, database, {
    behave: async (n, db) => {
      failed[n] = (failed[n] ?? 0) + 1;
      if (failed[n] <= 3 * MAX_TRIES) await passing[n]?.(db);
    },
  });

  const settled = await Promise.all(passing.map((_, n) => handle(counted(n))));

  assert.deepEqual([settled, fates], [passing.map(() => COMPLETE), passing.map(() => 'handled')]);
  assert.deepEqual(new Set(await counts(database.pool)), new Set(passing.keys()));
});

test('a message id of another service need be no UUID', async (t) => {
  const database = await createInboxDatabase(t);
  const { handle } = openHandler(t, database);

  assert.deepEqual(await handle(counted(1, { messageId: `order "1"/${randomUUIDv7()}/ü` })), COMPLETE);
});

async function openTransactions(pool: pg.Pool): Promise<number> {
  const { rowCount } = await pool.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE 'insert into "inbox"%'`,
  );
  return rowCount ?? 0;
}
