import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase } from '../support/database.ts';
import {
  createBus,
  insertEvent,
  insertEvents,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../support/relay.ts';

test('a message carries everything the contract names, and the committed bytes', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  await pool.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, aggregate_version, correlation_id, causation_id, user_id,
       metadata, traceparent, tracestate)
     VALUES ('0192a000-0000-7000-8000-000000000001', 'OrderCreated', '{"n":12345678901234567890,"p":1.10,"s":"ü\\u0001"}',
       'o1', 7, 'req-123', 'msg-002', 'u-7', '{"tenant":"t1","retries":3}', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'v=1')`,
  );

  startRelay(t, { url, bus });
  await untilArrived(bus, 1);

  const [entry] = bus.journal.entries();
  assert.equal(entry?.messageId, '0192a000-0000-7000-8000-000000000001');
  assert.equal(entry?.subject, 'OrderCreated');
  assert.equal(entry?.contentType, 'application/json');
  assert.equal(entry?.correlationId, 'req-123');
  assert.equal(entry?.sessionId, undefined);
  assert.equal(entry?.body.toString(), '{"n": 12345678901234567890, "p": 1.10, "s": "ü\\u0001"}');
  assert.deepEqual(entry?.applicationProperties, {
    messageType: 'OrderCreated',
    aggregateId: 'o1',
    aggregateVersion: 7,
    causationId: 'msg-002',
    userId: 'u-7',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    'Diagnostic-Id': '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'v=1',
    tenant: 't1',
    retries: 3,
  });
});

test('a message with only the required columns has no property that has no value', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  await insertEvent(pool, 'Ping', { body: '[1,2]' });

  startRelay(t, { url, bus });
  await untilArrived(bus, 1);

  const [entry] = bus.journal.entries();
  assert.deepEqual(entry?.applicationProperties, { messageType: 'Ping' });
  assert.equal(entry?.correlationId, undefined);
  assert.equal(entry?.body.toString(), '[1, 2]');
});

test('a version goes out as a number, the same from the table as from the stream', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const versions = [1, 255, 256, 2_147_483_647, 0, -1];
  const insert = () =>
    pool.query(
      `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, aggregate_version)
       SELECT gen_random_uuid(), 'Event', '{}', 'o1', version FROM unnest($1::int[]) version`,
      [versions],
    );
  await insert(); // before there is a slot: read from the table

  const relay = startRelay(t, { url, bus });
  await untilArrived(bus, versions.length);
  await untilStreaming(relay);
  await insert();
  await untilArrived(bus, 2 * versions.length);

  const sent = bus.journal
    .entries()
    .map(({ applicationProperties }) => applicationProperties?.['aggregateVersion']);
  assert.deepEqual(sent, [...versions, ...versions]);
});

test('with sessions, every message carries its order as session, and no batch holds two', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t, { sessions: true });
  const relay = startRelay(t, { url, bus, sessions: true });
  await untilStreaming(relay);

  await insertEvents(pool, 30, (n) => ({ type: `Ev${n}`, aggregateId: `order-${n % 3}` }));
  const loose = await insertEvent(pool, 'Loose');
  await untilArrived(bus, 31);
  await untilAllMarked(pool);

  const entries = bus.journal.entries();
  for (const order of ['order-0', 'order-1', 'order-2']) {
    const numbers = entries
      .filter(({ sessionId }) => sessionId === order)
      .map(({ subject }) => Number(subject?.slice(2)));
    assert.deepEqual(
      numbers,
      numbers.toSorted((x, y) => x - y),
      order,
    );
    assert.equal(numbers.length, 10);
  }
  assert.equal(entries.find(({ subject }) => subject === 'Loose')?.sessionId, loose);
});
