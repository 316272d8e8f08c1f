import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { receiveSessions } from '../support/receive-sessions.ts';
import { untilAllMarked } from '../support/relay.ts';
import {
  cancelOrder,
  concurrently,
  createStack,
  postOrder,
  receiveAll,
  type TestReceiver,
  type TestStack,
} from '../support/stack.ts';
import { until } from '../support/until.ts';

const ENDS = ['SIGKILL', 'SIGTERM', 'SIGKILL', 'SIGTERM'] as const;

/** Orders at a time, and so many between one end of the relay and the next. */
interface Load {
  readonly clients: number;
  readonly ordersBetween: number;
}

describe('created, then cancelled', { concurrency: true }, () => {
  test('one receiver sees every order created before it is cancelled, while the relay is killed and stopped', async (t) => {
    await createAndCancel(t, { clients: 4, ordersBetween: 75 }, {}, (stack) => receiveAll(t, stack));
  });

  test('four receivers with sessions see every order created before it is cancelled, while the relay is killed and stopped', async (t) => {
    const relayEnv = { SERVICEBUS_SESSIONS: 'true', SERVICEBUS_ENTITY: 'orders-sessions' };

    // Fewer, since each order is a session that a receiver has to get first.
    await createAndCancel(t, { clients: 2, ordersBetween: 40 }, relayEnv, (stack) =>
      receiveSessions(t, stack.bus.connectionString, 'orders-sessions', {
        width: 4,
        lastOfSession: 'OrderCancelled',
      }),
    );
  });
});

async function createAndCancel(
  t: TestContext,
  { clients, ordersBetween }: Load,
  relayEnv: Record<string, string>,
  receive: (stack: TestStack) => TestReceiver,
): Promise<void> {
  const stack = await createStack(t);
  const api = stack.startApi();
  let relay = stack.startRelay(relayEnv);
  await Promise.all([
    api.ready(`${stack.apiUrl}/health/ready`),
    relay.ready(`${stack.relayUrl}/health/ready`),
  ]);
  const received = receive(stack);

  let cancelled = 0;
  const ends: (number | string)[] = [];
  const orders = concurrently(clients, clients, async () => {
    while (ends.length < ENDS.length) {
      const { status, orderId } = await postOrder(stack);
      assert.equal(status, 201);
      assert.deepEqual(
        await Promise.all([cancelOrder(stack, orderId), cancelOrder(stack, orderId)]),
        [200, 200],
      );
      cancelled++;
    }
  });
  for (const signal of ENDS) {
    const before = cancelled;
    await until('the relay is in the middle of it', () => cancelled >= before + ordersBetween);
    const end = await relay.stop(signal);
    relay = stack.startRelay(relayEnv);
    await relay.ready(`${stack.relayUrl}/health/ready`);
    ends.push(end);
  }
  await orders;
  await untilAllMarked(stack.db);
  await until('every message is received', () => received.messages.length >= 2 * cancelled);

  assert.deepEqual(ends, ['SIGKILL', 0, 'SIGKILL', 0]);
  const seen = new Map<unknown, (string | undefined)[]>();
  for (const { applicationProperties, subject } of received.messages) {
    const orderId = applicationProperties?.['aggregateId'];
    seen.set(orderId, [...(seen.get(orderId) ?? []), subject]);
  }
  const { rows } = await stack.db.query<{ orderId: string }>('SELECT order_id AS "orderId" FROM orders');
  assert.equal(rows.length, cancelled);
  for (const { orderId } of rows) {
    assert.deepEqual(seen.get(orderId), ['OrderCreated', 'OrderCancelled'], orderId);
  }
  assert.equal(received.messages.length, 2 * cancelled);
  t.diagnostic(
    `${cancelled} orders; repeats that duplicate detection dropped: ${stack.bus.journal.duplicates}`,
  );
}
