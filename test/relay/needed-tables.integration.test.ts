import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase, EMPTY } from '../support/database.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import { insertEvent, startRelay, untilArrived } from '../support/relay.ts';

test('a database without the tables ends the relay with the commands to run', async (t) => {
  const { url } = await createDatabase(t, EMPTY);
  const bus = new MemoryPublisher();

  const relay = startRelay(t, { url, bus });

  await assert.rejects(relay.running, {
    code: 'OUTBOX_INCOMPLETE',
    message: /The table outbox does not exist.*npm run db:migrate.*npm run outbox -- init/,
  });
});

test('a relay asks neither for migrations nor for orders', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  await pool.query(
    'DROP SCHEMA drizzle CASCADE; DROP TABLE order_items, order_history, orders, idempotency_keys, inbox',
  );
  await insertEvent(pool, 'Event');

  startRelay(t, { url, bus });

  await untilArrived(bus, 1);
});
