import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type pg from 'pg';
import { retryMessage } from '../../relay/admin/outbox-admin.ts';
import { findMessage, inspectOutbox, messageState } from '../../relay/admin/outbox-inspection.ts';
import { createDatabase } from '../support/database.ts';
import { openLog } from '../support/log-lines.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import { OUTBOX } from '../support/outbox-table.ts';
import {
  arrivals,
  insertEvent,
  insertEvents,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../support/relay.ts';
import { until } from '../support/until.ts';

// Somebody changes or deletes rows of the outbox by hand. No stream tells of it.

const TOO_LARGE = JSON.stringify('x'.repeat(10_000));
const parts = { watchEveryMs: 50, progressWatch: { everyMs: 20, stalledAfterMs: 10_000 } };

async function setUp(t: TestContext) {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher({ maxBatchBytes: 5_000 });
  const { log, lines } = openLog();
  const start = async () => {
    const relay = startRelay(t, { url, bus, parts: () => ({ ...parts, log }) });
    await untilStreaming(relay);
    return relay;
  };
  const subjects = () => arrivals(bus).map(([subject]) => subject);
  const told = () => lines.filter(({ msg }) => msg.includes('changed or deleted by hand')).length;
  return { pool, bus, start, subjects, told };
}

/** A message of o1 that is parked, with one that waits behind it. */
async function parkOne(pool: pg.Pool): Promise<{ parked: string; behind: string }> {
  const parked = await insertEvent(pool, 'TooLarge', { aggregateId: 'o1', body: TOO_LARGE });
  const behind = await insertEvent(pool, 'Behind', { aggregateId: 'o1' });
  await until('one is parked and one waits', async () => {
    const states = [await findMessage(pool, OUTBOX, parked), await findMessage(pool, OUTBOX, behind)].map(
      (message) => message && messageState(message),
    );
    return states.join() === 'parked,waiting';
  });
  return { parked, behind };
}

async function remove(pool: pg.Pool, messageId: string): Promise<void> {
  await pool.query('DELETE FROM outbox WHERE message_id = $1', [messageId]);
}

describe('a parked row that somebody deletes', () => {
  test('lets its order go on: what waits, then what comes', async (t) => {
    const { pool, bus, start, subjects } = await setUp(t);
    const relay = await start();
    const { parked } = await parkOne(pool);

    await remove(pool, parked);
    await untilArrived(bus, 1);
    await insertEvent(pool, 'After', { aggregateId: 'o1' });
    await untilAllMarked(pool);

    assert.deepEqual(subjects(), ['Behind', 'After']);
    await until('the order is not held any more', () => relay.monitor.figures.parkedOrders === 0);
  });

  test('while no relay runs, too', async (t) => {
    const { pool, start, subjects } = await setUp(t);
    const first = await start();
    const { parked } = await parkOne(pool);
    await first.stop();

    await remove(pool, parked);
    await insertEvent(pool, 'After', { aggregateId: 'o1' });
    await start();
    await untilAllMarked(pool);

    assert.deepEqual(subjects(), ['Behind', 'After']);
  });

  test('with nothing behind it holds nothing any more', async (t) => {
    const { pool, start } = await setUp(t);
    const relay = await start();
    const parked = await insertEvent(pool, 'TooLarge', { aggregateId: 'o1', body: TOO_LARGE });
    await until('it is parked', async () => (await findMessage(pool, OUTBOX, parked))?.parkedAt);

    await remove(pool, parked);

    await until('the order is not held any more', () => relay.monitor.figures.parkedOrders === 0);
  });

  test('leaves its order behind another one that is parked', async (t) => {
    const { pool, bus, start, subjects } = await setUp(t);
    const relay = await start();
    const { parked, behind } = await parkOne(pool);
    await pool.query('UPDATE outbox SET parked_at = now(), deferred_at = NULL WHERE message_id = $1', [
      behind,
    ]);
    await insertEvent(pool, 'Last', { aggregateId: 'o1' });

    await remove(pool, parked);
    for (let n = 1; n <= 20; n++) {
      await insertEvent(pool, 'Other', { aggregateId: 'o2' });
      await untilArrived(bus, n);
      await untilLooked(pool);
    }

    assert.deepEqual(new Set(subjects()), new Set(['Other']));
    assert.equal(relay.monitor.figures.parkedOrders, 1);
  });

  test('is told as it is by list and retry', async (t) => {
    const { pool, start } = await setUp(t);
    const relay = await start();
    const { parked, behind } = await parkOne(pool);
    await relay.stop();

    await remove(pool, parked);

    const { parkedCount, unsettled } = await inspectOutbox(pool, OUTBOX, 10);
    assert.deepEqual([parkedCount, unsettled.map(({ messageId }) => messageId)], [0, [behind]]);
    await assert.rejects(retryMessage(pool, OUTBOX, parked), { code: 'MESSAGE_NOT_FOUND' });
    await assert.rejects(retryMessage(pool, OUTBOX, behind), /being sent again already: a relay has to run/);
    await start();
    await untilAllMarked(pool);
  });
});

describe('a row that is published by its mark, and whose mark somebody takes back', () => {
  const unmark = (pool: pg.Pool, types: string) =>
    pool.query('UPDATE outbox SET processed_at = NULL WHERE message_type ~ $1', [types]);

  test('is sent although it was inserted as published', async (t) => {
    const { pool, bus, start, subjects } = await setUp(t);
    const relay = await start();
    await pool.query(
      `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, processed_at)
       VALUES (gen_random_uuid(), 'Imported', '{}', 'o1', now())`,
    );
    await insertEvent(pool, 'Other', { aggregateId: 'o1' });
    await untilArrived(bus, 1);

    await unmark(pool, 'Imported');
    await untilAllMarked(pool);

    assert.deepEqual(subjects(), ['Other', 'Imported']);
    assert.deepEqual([relay.monitor.isReady, relay.monitor.counts.recoveries], [true, 1]);
  });

  test('is sent again, once, with the order it belongs to or none, and the stream goes on meanwhile', async (t) => {
    const { pool, start, subjects } = await setUp(t);
    const relay = await start();
    for (const type of ['A1', 'A2', 'A3']) await insertEvent(pool, type, { aggregateId: 'A' });
    await insertEvent(pool, 'None');
    await untilAllMarked(pool);

    await unmark(pool, 'A2|A3|None');
    for (let n = 4; n < 30; n++) await insertEvent(pool, `A${n}`, { aggregateId: 'A' });
    await until('they are sent again', () => relay.monitor.counts.redriven === 3);
    await untilAllMarked(pool);

    const sent = subjects();
    assert.equal(sent.length, 4 + 3 + 26);
    assert.ok(sent.lastIndexOf('A2') > 3 && sent.lastIndexOf('A2') < sent.lastIndexOf('A3'));
    assert.equal(relay.monitor.counts.recoveries, 1);
  });

  test('is one of thousands: the table is settled anew', async (t) => {
    const { pool, bus, start } = await setUp(t);
    const relay = await start();
    await insertEvents(pool, 2_500, (n) => ({ type: 'E', aggregateId: `o${n % 50}` }));
    await untilAllMarked(pool);

    await unmark(pool, 'E');
    await untilAllMarked(pool);

    assert.deepEqual([bus.journal.total, relay.monitor.counts.recoveries], [5_000, 2]);
  });

  test('waits like any other if its order is held', async (t) => {
    const { pool, bus, start, subjects } = await setUp(t);
    await start();
    await insertEvent(pool, 'Before', { aggregateId: 'o1' });
    await untilArrived(bus, 1);
    const { parked } = await parkOne(pool);
    await pool.query(
      `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, processed_at)
       VALUES (gen_random_uuid(), 'Imported', '{}', 'o1', now())`,
    );
    await unmark(pool, 'Imported');
    await until('it waits', async () => {
      const { rows } = await pool.query(`SELECT deferred_at FROM outbox WHERE message_type = 'Imported'`);
      return rows[0].deferred_at;
    });
    assert.deepEqual(subjects(), ['Before']);

    await remove(pool, parked);
    await untilAllMarked(pool);
    assert.deepEqual(subjects(), ['Before', 'Behind', 'Imported']);
  });
});

test('what is on its way is not asked for once more, however slow the broker is', async (t) => {
  const { pool, bus, start, told } = await setUp(t);
  const relay = await start();
  const { parked } = await parkOne(pool);
  await pool.query('ALTER TABLE outbox DISABLE TRIGGER USER');
  await pool.query(`UPDATE outbox SET message_body = '{}' WHERE message_id = $1`, [parked]);
  const free = Promise.withResolvers<void>();
  bus.before = () => free.promise;
  await retryMessage(pool, OUTBOX, parked);
  await until('it is being sent', () => relay.monitor.counts.redriven === 2);

  for (let n = 0; n < 20; n++) await untilLooked(pool);
  free.resolve();
  await untilAllMarked(pool);
  for (let n = 0; n < 5; n++) await untilLooked(pool);

  assert.deepEqual([relay.monitor.counts.redriven, told()], [2, 0]);
});

/** Once more than the relay looks by itself, as far as the server can tell. */
async function untilLooked(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ at: Date }>('SELECT clock_timestamp() AS at');
  await until('the relay has looked again', async () => {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'relay' AND query_start > $1`,
      [rows[0]?.at],
    );
    return rowCount !== 0;
  });
}
