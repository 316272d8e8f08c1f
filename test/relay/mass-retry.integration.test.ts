import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TELL_REDRIVE } from '../../relay/outbox/operator-request.ts';
import { createDatabase } from '../support/database.ts';
import {
  arrivals,
  createBus,
  insertEvent,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../support/relay.ts';

const ORDERS = 5_000;
/** More than are read of an order at once, together with others. */
const LONG_ORDERS = 20;
const LONG = 25;
const ROWS = 2 * ORDERS + (LONG - 2) * LONG_ORDERS;

test('thousands of parked orders that are retried at once go each in its own order, and delay no other', async (t) => {
  // They went fifteen a second, and an event of another order waited for seconds.
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  await first.stop();
  // As a relay leaves them: the first of each order parked, the others behind it. The WAL shows them settled.
  await pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, processed_at)
     SELECT gen_random_uuid(), 'Parked', jsonb_build_object('order', n, 'nr', nr), 'o' || n, now()
     FROM generate_series(1, ${ORDERS}) AS n, generate_series(1, CASE WHEN n <= ${LONG_ORDERS} THEN ${LONG} ELSE 2 END) AS nr`,
  );
  await pool.query(
    `UPDATE outbox SET processed_at = NULL, parked_at = CASE message_body ->> 'nr' WHEN '1' THEN now() END,
       deferred_at = CASE message_body ->> 'nr' WHEN '1' THEN NULL ELSE now() END`,
  );

  await pool.query(
    `WITH changed AS (
       UPDATE outbox SET parked_at = NULL, deferred_at = now() WHERE parked_at IS NOT NULL RETURNING message_id, aggregate_id
     ) SELECT ${TELL_REDRIVE} FROM changed`,
  );
  await insertEvent(pool, 'Unrelated', { aggregateId: 'unrelated' });
  startRelay(t, { url, bus });
  await untilArrived(bus, ROWS + 1);
  await untilAllMarked(pool);

  const arrived = arrivals(bus);
  const before = arrived.findIndex(([subject]) => subject === 'Unrelated');
  assert.ok(before < ORDERS / 10, `${before} were sent before the event of another order`);
  const sent = new Map<number, number>();
  for (const [subject, body] of arrived) {
    if (subject === 'Unrelated') continue;
    const { order, nr } = JSON.parse(body) as { order: number; nr: number };
    assert.equal(nr, (sent.get(order) ?? 0) + 1, `of order ${order}`);
    sent.set(order, nr);
  }
  assert.deepEqual([arrived.length, sent.size], [ROWS + 1, ORDERS]);
});
