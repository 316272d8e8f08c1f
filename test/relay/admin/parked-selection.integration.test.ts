import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { findMessage, messageState } from '../../../relay/admin/outbox-inspection.ts';
import { countParked, dropParked, retryParked } from '../../../relay/admin/parked-selection.ts';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { insertEvent, startRelay } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

test('a selection means the parked messages for which all of it holds', async (t) => {
  const { pool } = await createDatabase(t);
  await parked(pool, 'OrderCreated', 'o1', 'MessageSizeExceeded: 300 kB');
  await parked(pool, 'OrderCancelled', 'o1', 'MessageSizeExceeded: 400 kB');
  await parked(pool, 'OrderCreated', 'o2', 'amqp:precondition-failed');
  await insertEvent(pool, 'OrderCreated', { aggregateId: 'o3' });
  const dropped = await parked(pool, 'OrderCreated', 'o4', 'MessageSizeExceeded');
  await pool.query('UPDATE outbox SET dropped_at = now() WHERE message_id = $1', [dropped]);

  for (const [selection, messages, orders] of [
    [{}, 3, 2],
    [{ messageType: 'OrderCreated' }, 2, 2],
    [{ aggregateId: 'o1' }, 2, 1],
    [{ reasonHas: 'sizeexceeded' }, 2, 1],
    [{ reasonHas: '300%' }, 0, 0],
    [{ messageType: 'OrderCreated', reasonHas: 'size' }, 1, 1],
    [{ messageType: 'OrderCreated', aggregateId: 'o9' }, 0, 0],
  ] as const) {
    assert.deepEqual(
      await countParked(pool, OUTBOX, selection),
      { messages, orders },
      JSON.stringify(selection),
    );
  }
});

test('drop gives up what is selected, with the reason, and leaves the rest', async (t) => {
  const { pool } = await createDatabase(t);
  const selected = await parked(pool, 'OrderCreated', 'o1', 'too large');
  const other = await parked(pool, 'OrderCancelled', 'o2', 'too large');

  assert.equal(await dropParked(pool, OUTBOX, { messageType: 'OrderCreated' }, 'known'), 1);

  const [first, second] = [await findMessage(pool, OUTBOX, selected), await findMessage(pool, OUTBOX, other)];
  assert.ok(first && second);
  assert.deepEqual(
    [messageState(first), first.errorMessage],
    ['dropped', 'dropped: known; before: too large'],
  );
  assert.equal(messageState(second), 'parked');
});

test('more than one transaction takes are all sent again, each order in its order', async (t) => {
  const { url, pool } = await createDatabase(t);
  await pool.query(`
    INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, parked_at, error_message)
      SELECT gen_random_uuid(), 'First', '{}', 'o' || n, now(), 'too large' FROM generate_series(1, 1201) AS n;
    INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, deferred_at)
      SELECT gen_random_uuid(), 'Second', '{}', 'o' || n, now() FROM generate_series(1, 1201) AS n`);
  const bus = new MemoryPublisher();
  startRelay(t, { url, bus });

  assert.equal(await retryParked(pool, OUTBOX, {}), 1201);

  await until('all are published', async () => {
    const { rows } = await pool.query('SELECT count(*)::int AS open FROM outbox WHERE processed_at IS NULL');
    return rows[0].open === 0;
  });
  const types = Map.groupBy(bus.accepted, ({ aggregateId }) => aggregateId);
  assert.equal(types.size, 1201);
  for (const [order, messages] of types) {
    assert.deepEqual(
      messages.map(({ messageType }) => messageType),
      ['First', 'Second'],
      order,
    );
  }
});

async function parked(pool: pg.Pool, type: string, aggregateId: string, error: string): Promise<string> {
  const id = await insertEvent(pool, type, { aggregateId });
  await pool.query('UPDATE outbox SET parked_at = now(), error_message = $2 WHERE message_id = $1', [
    id,
    error,
  ]);
  return id;
}
