import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { createCluster } from '../../support/cluster.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { connect, startRelay, untilArrived, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

test('a consumer that asks for an order before its commit can be seen gets 404, and 200 once it can', async (t) => {
  const database = await createCluster(t);
  const { pool } = database;
  const orderId = '0192a0000000700080000000000000f4';
  const bus = new MemoryPublisher();
  const app = await openApp(t, { database });
  // Only the writer waits for the stand-by that does not exist: its commit is in the WAL, and nobody sees it.
  const local = `${database.url}?options=${encodeURIComponent('-c synchronous_commit=local')}`;
  const relay = startRelay(t, { url: local, bus });
  await untilStreaming(relay);
  const writer = await connect(t, database.url);
  await pool.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  await pool.query('SELECT pg_reload_conf()');
  await until('commits wait for the stand-by', async () => {
    const { rows } = await writer.query('SHOW synchronous_standby_names');
    return rows[0].synchronous_standby_names === 'nobody';
  });

  const committed = writer.query(
    `BEGIN;
     INSERT INTO orders (order_id, customer_id, total_amount, status, shipping_address)
       VALUES ('${orderId}', 'cust-1', 1, 'Pending',
         '{"street":"1 Main","city":"Springfield","state":"IL","zipCode":"62701","country":"USA"}');
     INSERT INTO order_items (order_item_id, order_id, line_number, product_id, quantity, unit_price, line_total)
       VALUES ('i1', '${orderId}', 1, 'prod-456', 1, 1, 1);
     INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
       VALUES (gen_random_uuid(), 'OrderCreated', '{}', '${orderId}');
     COMMIT`,
  );
  await untilArrived(bus, 1);
  const urls = [`/api/orders/${orderId}`, `/api/orders/${orderId}/events`];
  const ask = () => Promise.all(urls.map(async (url) => (await app.request({ url })).statusCode));
  const early = await ask();
  await pool.query('ALTER SYSTEM RESET synchronous_standby_names');
  await pool.query('SELECT pg_reload_conf()');
  await committed;

  assert.deepEqual(early, [404, 404]);
  assert.deepEqual(await ask(), [200, 200]);
});
