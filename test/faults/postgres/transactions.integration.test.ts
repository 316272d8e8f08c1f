import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCluster } from '../../support/cluster.ts';
import { createDatabase } from '../../support/database.ts';
import {
  arrivals,
  connect,
  createBus,
  insertEvent,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkDelivery } from '../support/delivery.ts';

// https://issues.redhat.com/browse/DBZ-76: what a transaction wrote before the restart was taken for sent.
test('a transaction that is open while another commits and the relay is restarted arrives whole', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  const long = await connect(t, url);
  await long.query('BEGIN');
  for (let n = 1; n <= 5; n++) await insertEvent(long, `Long ${n}`, { aggregateId: 'o1' });
  await insertEvent(pool, 'Short');
  await untilArrived(bus, 1);
  await untilAllMarked(pool);

  await first.stop();
  for (let n = 6; n <= 10; n++) await insertEvent(long, `Long ${n}`, { aggregateId: 'o1' });
  await long.query('COMMIT');
  const second = startRelay(t, { url, bus });
  await untilArrived(bus, 11);

  assert.deepEqual(await checkDelivery(pool, bus), []);
  assert.deepEqual(
    arrivals(bus).map(([type]) => type),
    ['Short', ...Array.from({ length: 10 }, (_, i) => `Long ${i + 1}`)],
  );
  assert.equal(second.monitor.counts.recoveries, 0);
});

test('of transactions of which a third is undone in some way, nothing undone is sent', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  const known = await insertEvent(pool, 'Known', { aggregateId: 'o1' });
  const client = await connect(t, url);
  const undone = [
    'ROLLBACK',
    'ROLLBACK TO before_it; COMMIT',
    // Its own end of a transaction: PostgreSQL turns the COMMIT into a rollback.
    'SELECT broken; COMMIT',
  ];

  for (let n = 0; n < 90; n++) {
    await client.query('BEGIN; SAVEPOINT before_it');
    await insertEvent(client, n % 3 === 0 ? 'Undone' : `Done ${n}`, { aggregateId: 'o1' });
    await client.query(
      `INSERT INTO outbox (message_id, message_type, message_body) VALUES ($1, 'Conflicting', '{}')
       ON CONFLICT DO NOTHING`,
      [known],
    );
    for (const statement of (n % 3 === 0 ? (undone[(n / 3) % 3] ?? '') : 'COMMIT').split('; ')) {
      await client.query(statement).catch((error: unknown) => {
        if (statement !== 'SELECT broken') throw error;
      });
    }
  }
  await untilArrived(bus, 61);

  assert.deepEqual(await checkDelivery(pool, bus), []);
  assert.equal(bus.journal.total, 61);
});

test('a prepared transaction is sent when it is committed, in one with hundreds of subtransactions, and not before', async (t) => {
  const { url, pool } = await createCluster(t, { max_prepared_transactions: '10' });
  const bus = await createBus(t);
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  const client = await connect(t, url);
  for (const name of ['kept', 'dropped']) {
    await client.query('BEGIN');
    // More than the 64 of which the server keeps track at hand.
    for (let n = 1; n <= 100; n++) {
      await client.query(`SAVEPOINT s${n}`);
      await insertEvent(client, `${name} ${n}`, { aggregateId: name });
      if (n % 2 === 0) await client.query(`ROLLBACK TO s${n}`);
    }
    await client.query(`PREPARE TRANSACTION '${name}'`);
  }
  await insertEvent(pool, 'Meanwhile');
  await untilArrived(bus, 1);
  await untilAllMarked(pool);

  await first.stop();
  const second = startRelay(t, { url, bus });
  await untilStreaming(second);
  assert.equal(bus.journal.total, 1);
  await client.query("COMMIT PREPARED 'kept'");
  await client.query("ROLLBACK PREPARED 'dropped'");
  await until('what was prepared arrives', () => bus.journal.total === 51);

  assert.deepEqual(await checkDelivery(pool, bus), []);
  assert.deepEqual(
    arrivals(bus).map(([type]) => type),
    ['Meanwhile', ...Array.from({ length: 50 }, (_, i) => `kept ${2 * i + 1}`)],
  );
});
