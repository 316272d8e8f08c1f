import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import {
  arrivals,
  insertEvent,
  slotOf,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';

test('a slot that is dropped while the relay is away is made anew, and the table makes good what passed', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  await insertEvent(pool, 'Before');
  await untilArrived(bus, 1);
  await untilAllMarked(pool);
  await first.stop();

  await insertEvent(pool, 'Between');
  await pool.query('SELECT pg_drop_replication_slot($1)', [slotOf(url)]);
  await insertEvent(pool, 'Between too');
  const second = startRelay(t, { url, bus });
  await untilStreaming(second);
  await insertEvent(pool, 'After');
  await untilArrived(bus, 4);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    ['Before', 'Between', 'Between too', 'After'],
  );
});

test('a slot that somebody made anew, ahead of what is settled, is not trusted', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  await first.stop();

  await insertEvent(pool, 'Skipped by the new slot');
  await pool.query('SELECT pg_drop_replication_slot($1)', [slotOf(url)]);
  await pool.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [slotOf(url)]);
  startRelay(t, { url, bus });
  await untilArrived(bus, 1);

  assert.deepEqual(arrivals(bus), [['Skipped by the new slot', '{}']]);
});

test('a publication that is missing is told, and when it is there again nothing has been lost', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  await first.stop();
  await pool.query('DROP PUBLICATION order_outbox');
  await insertEvent(pool, 'Unseen');

  const second = startRelay(t, { url, bus });
  await until('it says what is wrong', () =>
    second.monitor.lastError?.message.includes('The publication order_outbox does not exist'),
  );
  assert.equal(second.monitor.isReady, false);
  await pool.query(`CREATE PUBLICATION order_outbox FOR TABLE outbox WITH (publish = 'insert')`);
  await untilArrived(bus, 1);

  assert.deepEqual(arrivals(bus), [['Unseen', '{}']]);
});
