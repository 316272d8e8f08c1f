import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ServiceBusMessage } from '@azure/service-bus';
import { createLogger } from '../../../../../src/core/log.ts';
import { parseCommand } from '../../../../../src/inbox/admin/cli/arguments.ts';
import { runCommand } from '../../../../../src/inbox/admin/cli/run-command.ts';
import { openDecisions } from '../../../../../src/inbox/admin/open-decisions.ts';
import { consumedEvents } from '../../../../../src/inbox/consumed-events.ts';
import { parseConsumers } from '../../../../../src/inbox/consumer.ts';
import { receptors } from '../../../../../src/receptors/registry.ts';
import { createDatabase } from '../../../../support/database.ts';
import { deadLetterAll, deadLettersOf } from '../../../../support/dead-letters.ts';
import { createInventoryBus, INVENTORY, insufficient } from '../../../../support/inbox.ts';
import { insertManyOrders } from '../../../../support/many-orders.ts';

// What the command does and says, on orders 1 to 5, which are pending. Its process: command.system.test.ts.

const ENTITY = { topic: 'inventory', subscription: 'order-service' };
const orderId = (n: number) => n.toString(16).padStart(32, '0');

async function openShop(t: TestContext, { sessions = false, consumer = INVENTORY } = {}) {
  const [{ pool }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t, { sessions })]);
  await insertManyOrders(pool, 5);
  await pool.query("UPDATE orders SET status = 'Pending'");
  const log = createLogger({ level: 'silent', service: 'test' });
  const deps = openDecisions(
    { pool, connection: bus, consumers: parseConsumers(consumer), log },
    { receptors, events: consumedEvents },
  );
  const run = async (...args: string[]) => {
    const { command, json } = parseCommand(args);
    assert.ok(command.name !== 'help');
    const { text, data, notDone = false } = await runCommand(deps, command);
    return { code: Number(notDone), stdout: json ? JSON.stringify(data) : `${text}\n` };
  };
  return { pool, bus, run };
}

const plain = (message: ServiceBusMessage): ServiceBusMessage => {
  const { sessionId: _, ...others } = message;
  return others;
};
const good = (n: number, messageId = `m${n}`) => plain(insufficient(orderId(n), messageId));
const bad = (messageId: string): ServiceBusMessage => ({ ...good(9, messageId), body: { orderId: 7 } });

async function statusOf(
  pool: { query(sql: string, values: string[]): Promise<{ rows: { status: string }[] }> },
  n: number,
) {
  return (await pool.query('SELECT status FROM orders WHERE order_id = $1', [orderId(n)])).rows[0]?.status;
}

for (const sessions of [false, true]) {
  test(`a dead letter ${sessions ? 'of a session ' : ''}is handled in place, once, and the others stay as they were`, async (t) => {
    const { pool, bus, run } = await openShop(t, { sessions });
    const messages = [1, 2, 3].map((n) => insufficient(orderId(n), `m${n}`));
    for (const message of messages) await deadLetterAll(bus, ENTITY, [sessions ? message : plain(message)]);
    const before = await deadLettersOf(bus, ENTITY);

    const { code, stdout } = await run('retry', 'm2');

    assert.deepEqual([code, stdout], [0, '1 handled.\n']);
    assert.deepEqual([await statusOf(pool, 1), await statusOf(pool, 2)], ['Pending', 'Cancelled']);
    assert.deepEqual(
      await deadLettersOf(bus, ENTITY),
      before.filter(({ id }) => id !== 'm2'),
    );
    const { rows } = await pool.query(
      `SELECT message_type AS type, causation_id AS cause FROM outbox WHERE processed_at IS NULL`,
    );
    assert.deepEqual(rows, [{ type: 'OrderCancelled', cause: 'm2' }]);
  });
}

test('what fails again stays with its new reason, the rest of the selection is handled, and the exit code is 1', async (t) => {
  const { pool, bus, run } = await openShop(t);
  await deadLetterAll(bus, ENTITY, [good(1), bad('m8'), good(2), { ...good(3), subject: 'Weather' }]);
  const before = await deadLettersOf(bus, ENTITY);

  const counted = await run('retry', '--all');
  assert.deepEqual(
    [counted.code, counted.stdout],
    [1, '4 messages of 4 orders would be handled. Nothing was changed: --yes does it.\n'],
  );
  const retried = await run('retry', '--reason-like', 'orderid', '--yes', '--json');

  const { failed, ...counts } = JSON.parse(retried.stdout);
  assert.deepEqual(
    [retried.code, counts],
    [1, { handled: 2, repeats: 0, waiting: 0, dropped: 0, unreached: 0 }],
  );
  assert.deepEqual(
    failed.map(({ messageId, reason }: { messageId: string; reason: string }) => [messageId, reason]),
    [
      ['m8', "BODY_INVALID: the body must have required property 'items'; /orderId must be string"],
      ['m3', 'TYPE_UNKNOWN: Events of type Weather are not consumed here'],
    ],
  );
  assert.deepEqual(
    await deadLettersOf(bus, ENTITY),
    before.filter(({ id }) => id === 'm8' || id === 'm3'),
  );
  assert.deepEqual([await statusOf(pool, 1), await statusOf(pool, 2)], ['Cancelled', 'Cancelled']);
});

test('a dead letter that was handled before is a repeat', async (t) => {
  const { pool, bus, run } = await openShop(t);
  await pool.query(
    `INSERT INTO inbox (consumer, message_id, message_type, processed_at) VALUES ('${INVENTORY}', 'm1', 'InventoryInsufficient', now())`,
  );
  await deadLetterAll(bus, ENTITY, [good(1)]);

  assert.equal((await run('retry', 'm1')).stdout, '1 handled or given up before.\n');

  assert.deepEqual([await statusOf(pool, 1), await deadLettersOf(bus, ENTITY)], ['Pending', []]);
});

test('what is dropped is gone with its reason kept, and is a repeat when it comes again', async (t) => {
  const { pool, bus, run } = await openShop(t);
  const { messageId: _, ...nameless } = bad('');
  await deadLetterAll(bus, ENTITY, [good(1), bad('m8'), nameless]);
  const { messages } = JSON.parse((await run('list', '--json')).stdout);
  const numberOfNameless: string = messages[2].sequenceNumber;

  assert.equal((await run('drop', 'm1', '--reason', 'not ours')).stdout, '1 given up.\n');
  assert.equal((await run('drop', numberOfNameless, '--reason', 'no id')).stdout, '1 given up.\n');

  const { rows } = await pool.query(
    'SELECT message_id, error_message, processed_at IS NULL AS waits FROM inbox',
  );
  assert.deepEqual(rows, [{ message_id: 'm1', error_message: 'Dropped: not ours', waits: false }]);
  await deadLetterAll(bus, ENTITY, [good(1)]);
  assert.equal((await run('retry', 'm1')).stdout, '1 handled or given up before.\n');
  assert.equal(await statusOf(pool, 1), 'Pending');
  assert.deepEqual(
    (await deadLettersOf(bus, ENTITY)).map(({ id }) => id),
    ['m8'],
  );
});

test('what waits in the table is retried with its order, and what is dropped lets the others go on', async (t) => {
  const { pool, run } = await openShop(t, { consumer: `${INVENTORY}=hold` });
  const waiting = async (messageId: string, n: number, number: number) =>
    pool.query(
      `INSERT INTO inbox (consumer, message_id, message_type, message_body, message_context, aggregate_id, sequence_number, error_message)
       VALUES ($1, $2, 'InventoryInsufficient', $3, $4, $5, $6, 'no connection')`,
      [
        INVENTORY,
        messageId,
        JSON.stringify(messageId.startsWith('bad') ? {} : insufficient(orderId(n)).body),
        JSON.stringify({ metadata: {}, enqueuedAt: new Date() }),
        orderId(n),
        number,
      ],
    );
  await waiting('a1', 1, 1);
  await waiting('bad1', 2, 2);
  await waiting('bad2', 2, 3);
  await waiting('b3', 2, 4);

  assert.equal((await run('retry', 'a1')).stdout, '1 handled.\n');
  const failing = await run('retry', 'bad2');
  const dropped = await run(
    'drop',
    '--order',
    orderId(2),
    '--reason-like',
    'BODY_INVALID',
    '--reason',
    'x',
    '--yes',
  );

  assert.equal(failing.code, 1);
  assert.match(
    failing.stdout,
    /bad1 +inventory\/order-service +BODY_INVALID: .*\n\nThese stay where they are\./,
  );
  assert.deepEqual([dropped.code, dropped.stdout.split('\n')[0]], [1, '1 given up.']);
  assert.match(dropped.stdout, /^bad2 .*BODY_INVALID/m);
  assert.equal((await run('drop', 'bad2', '--reason', 'x')).stdout, '1 handled.\n1 given up.\n');
  assert.deepEqual([await statusOf(pool, 1), await statusOf(pool, 2)], ['Cancelled', 'Cancelled']);
});

test('list and show tell of both places', async (t) => {
  const { pool, bus, run } = await openShop(t);
  assert.equal((await run('list')).stdout, 'Nothing is dead-lettered, and nothing waits.\n');
  await pool.query(
    `INSERT INTO inbox (consumer, message_id, message_type, message_body, message_context, aggregate_id, sequence_number, error_message)
     VALUES ('old/one', 'w1', 'PaymentFailed', '{"a": 1}', '{"metadata": {}, "enqueuedAt": "2026-01-01T00:00:00Z"}', 'o1', 1, 'no')`,
  );
  await deadLetterAll(bus, ENTITY, [good(1), good(2)]);

  const { stdout } = await run('list', '--limit', '2');
  const lines = stdout.split('\n');

  assert.match(
    lines[0] ?? '',
    /^2 dead letters, and 1 messages that wait in the inbox\. The first 2; --limit N/,
  );
  assert.match(lines[3] ?? '', /^w1 +1 +inbox +old\/one +PaymentFailed +o1 .*Z +no$/);
  assert.match(
    lines[4] ?? '',
    /^m1 +\d+ +dead-letter +inventory\/order-service +Inv.* BODY_INVALID: orderId is missing$/,
  );
  assert.ok((await run('show', 'w1')).stdout.endsWith('\n\n{"a": 1}\n'));
  const [shown] = JSON.parse((await run('show', 'm2', '--json')).stdout);
  assert.deepEqual(
    [shown.place, shown.aggregateId, JSON.parse(shown.body).orderId],
    ['dead-letter', orderId(2), orderId(2)],
  );
});
