import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ServiceBusClient } from '@azure/service-bus';
import { type Consumer, consumeEvents } from '../../examples/consume-events/consume-events.ts';
import { cleanup } from '../support/cleanup.ts';
import { createDatabase } from '../support/database.ts';
import { document, sqlBlock } from '../support/documents.ts';
import { createBus } from '../support/relay.ts';
import { until } from '../support/until.ts';

const SHORT_WAIT_MS = 2_000;

test('events are handled once each, those of an order in their order, and completed', async (t) => {
  const { consumer, send, handled, assertNothingIsLeft } = await openConsumer(t);
  for (const number of [1, 2, 3]) for (const order of ['a', 'b']) await send(`${order}${number}`, order);
  await send('a2', 'a'); // as after a lost answer
  await send('a4', 'a');

  const stop = start(t, consumer);
  await until('all are handled', async () => (await handled()).length === 7);
  await stop();

  await assertNothingIsLeft();
  const rows = await handled();
  assert.deepEqual(
    rows.filter((id) => id.startsWith('a')),
    ['a1', 'a2', 'a3', 'a4'],
  );
  assert.deepEqual(
    rows.filter((id) => id.startsWith('b')),
    ['b1', 'b2', 'b3'],
  );
});

test('an event that cannot be handled changes nothing, and comes again', async (t) => {
  const { consumer, send, handled, assertNothingIsLeft } = await openConsumer(t);
  await send('a1', 'a');
  const failing: Consumer = {
    ...consumer,
    handle: async (db, event) => {
      await consumer.handle(db, event);
      throw new Error('No stock');
    },
  };

  await assert.rejects(consumeEvents(failing), { message: 'No stock' });
  assert.deepEqual(await handled(), []);
  const stop = start(t, consumer);
  await until('it is handled', async () => (await handled()).length > 0);
  await stop();

  await assertNothingIsLeft();
  assert.deepEqual(await handled(), ['a1']);
});

test('the document leads to the program', () => {
  assert.ok(document('docs/consume.md').links.includes('../examples/consume-events/consume-events.ts'));
});

async function openConsumer(t: TestContext) {
  const bus = await createBus(t, { sessions: true });
  const { pool } = await createDatabase(t);
  await pool.query(sqlBlock('handled-messages'));
  await pool.query('CREATE TABLE effects (number bigint GENERATED ALWAYS AS IDENTITY, message_id text)');
  const client = new ServiceBusClient(bus.connectionString);
  const retryOptions = { timeoutInMs: SHORT_WAIT_MS, maxRetries: 0 };
  const looker = new ServiceBusClient(bus.connectionString, { retryOptions });
  cleanup(t, () => Promise.all([client.close(), looker.close()]).then(() => undefined));
  const sender = client.createSender('orders');
  const consumer: Omit<Consumer, 'stopping'> = {
    connectionString: bus.connectionString,
    topic: 'orders',
    subscription: 'all',
    pool,
    waitMs: SHORT_WAIT_MS,
    handle: async (db, { messageId }) => {
      await db.query('INSERT INTO effects (message_id) VALUES ($1)', [messageId]);
    },
  };
  return {
    consumer: { ...consumer, stopping: new AbortController().signal },
    send: (messageId: string, sessionId: string) => sender.sendMessages({ messageId, sessionId, body: {} }),
    handled: async () => {
      const { rows } = await pool.query<{ message_id: string }>(
        'SELECT message_id FROM effects ORDER BY number',
      );
      return rows.map((row) => row.message_id);
    },
    assertNothingIsLeft: () =>
      assert.rejects(looker.acceptNextSession('orders', 'all'), { code: 'ServiceTimeout' }),
  };
}

/** Consumes until the function that it returns is called. */
function start(t: TestContext, consumer: Consumer): () => Promise<void> {
  const stopping = new AbortController();
  const running = consumeEvents({ ...consumer, stopping: stopping.signal });
  running.catch(() => undefined); // stop tells
  const stop = async () => {
    stopping.abort();
    await running;
  };
  cleanup(t, stop);
  return stop;
}
