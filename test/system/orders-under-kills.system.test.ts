import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insertEvent, untilAllMarked } from '../support/relay.ts';
import { concurrently, createStack, postOrder, receiveAll } from '../support/stack.ts';
import { until } from '../support/until.ts';

const ORDERS = 4_000;
const NOTES = 1_000;

test('four thousand orders come out whole, once each and in order, while the relay is killed three times', async (t) => {
  const stack = await createStack(t);
  const api = stack.startApi();
  let relay = stack.startRelay();
  await Promise.all([
    api.ready(`${stack.apiUrl}/health/ready`),
    relay.ready(`${stack.relayUrl}/health/ready`),
  ]);
  const received = receiveAll(t, stack);

  // Beside the orders, one writer of plain SQL gives some aggregates many events each: their order can be seen.
  const notes = (async () => {
    for (let n = 0; n < NOTES; n++) {
      await insertEvent(stack.db, 'Noted', { aggregateId: `note-${n % 20}`, body: `{"n":${n}}` });
    }
  })();
  let posted = 0;
  const killAt = [1_000, 2_000, 3_000];
  await concurrently(ORDERS, 32, async (n) => {
    const { status } = await postOrder(stack, `cust-${n}`);
    assert.equal(status, 201);
    if (++posted === killAt[0]) {
      killAt.shift();
      assert.equal(await relay.stop('SIGKILL'), 'SIGKILL');
      relay = stack.startRelay();
    }
  });
  await notes;
  await until('every message is received', () => received.messages.length >= ORDERS + NOTES);
  await untilAllMarked(stack.db);

  assert.equal(killAt.length, 0);
  const { rows } = await stack.db.query<{ id: string; body: string }>(
    'SELECT message_id::text AS id, message_body::text AS body FROM outbox',
  );
  const committed = new Map(rows.map(({ id, body }) => [id, body]));
  assert.equal(committed.size, ORDERS + NOTES);
  assert.equal(received.messages.length, ORDERS + NOTES);
  for (const { messageId, body } of received.messages) {
    assert.equal(body.toString(), committed.get(String(messageId)));
    committed.delete(String(messageId));
  }
  assert.equal(committed.size, 0, 'every message was received once');
  const counts = await stack.db.query(
    `SELECT (SELECT count(*)::int FROM orders) AS orders, (SELECT count(*)::int FROM order_items) AS items,
       (SELECT count(DISTINCT aggregate_id)::int FROM outbox WHERE message_type = 'OrderCreated') AS events`,
  );
  assert.deepEqual(counts.rows, [{ orders: ORDERS, items: 2 * ORDERS, events: ORDERS }]);
  assertInOrder(received.messages);
  await until('nothing is left to deal with in the WAL', async () => {
    const status = (await (await fetch(`${stack.relayUrl}/status`)).json()) as {
      lagBytes: number;
      slotLagBytes: number;
    };
    return status.lagBytes === 0 && status.slotLagBytes < 16_384;
  });
  t.diagnostic(`repeats that duplicate detection dropped: ${stack.bus.journal.duplicates}`);
});

function assertInOrder(
  messages: readonly { applicationProperties?: Record<string, unknown>; body: Buffer }[],
): void {
  const last = new Map<unknown, number>();
  for (const { applicationProperties, body } of messages) {
    if (applicationProperties?.['messageType'] !== 'Noted') continue;
    const { n } = JSON.parse(body.toString()) as { n: number };
    const aggregate = applicationProperties['aggregateId'];
    assert.ok(n > (last.get(aggregate) ?? -1), `${String(aggregate)}: ${n} after ${last.get(aggregate)}`);
    last.set(aggregate, n);
  }
}
