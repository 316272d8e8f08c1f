import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ServiceBusMessage } from '@azure/service-bus';
import { createLogger } from '../../../../src/core/log.ts';
import { openPool } from '../../../../src/core/pool.ts';
import { retryUnhandled } from '../../../../src/inbox/admin/decide-unhandled.ts';
import { findUnhandled } from '../../../../src/inbox/admin/find-unhandled.ts';
import { openDecisions } from '../../../../src/inbox/admin/open-decisions.ts';
import { consumedEvents } from '../../../../src/inbox/consumed-events.ts';
import { receptors } from '../../../../src/receptors/registry.ts';
import { cleanup } from '../../../support/cleanup.ts';
import { createDatabase } from '../../../support/database.ts';
import { deadLetterAll, deadLettersOf } from '../../../support/dead-letters.ts';
import { createInventoryBus, INVENTORY, insufficient } from '../../../support/inbox.ts';
import { insertManyOrders } from '../../../support/many-orders.ts';
import { until } from '../../../support/until.ts';

const FROM = { topic: 'inventory', subscription: 'order-service' };
const orderId = (n: number) => n.toString(16).padStart(32, '0');
const log = createLogger({ level: 'silent', service: 'test' });

/** Dead letters of so many pending orders, and what decides about them, as two people at two machines have it. */
async function openTwo(t: TestContext, count: number, onFailure: 'continue' | 'hold' = 'continue') {
  const [{ url, pool }, bus] = await Promise.all([createDatabase(t), createInventoryBus(t)]);
  await insertManyOrders(pool, count);
  await pool.query("UPDATE orders SET status = 'Pending'");
  const messages = Array.from({ length: count }, (_, n): ServiceBusMessage => {
    const { sessionId: _session, ...message } = insufficient(orderId(n + 1), `m${n + 1}`);
    return message;
  });
  await deadLetterAll(bus, FROM, messages);
  const open = () => {
    const own = openPool({ url, max: 2, applicationName: 'dead-letters', log, lockTimeoutMs: 1_000 });
    cleanup(t, () => own.end());
    const places = { pool: own, connection: bus, consumers: [{ name: INVENTORY, from: FROM, onFailure }] };
    return { ...openDecisions({ ...places, log }, { receptors, events: consumedEvents }), silenceMs: 300 };
  };
  return { pool, bus, decisions: [open(), open()] as const };
}

test('what cannot be handled now stays, with what is behind it, and is handled later', async (t) => {
  const { pool, bus, decisions } = await openTwo(t, 3);
  const before = await deadLettersOf(bus, FROM);
  const found = await findUnhandled(decisions[0], {});
  const client = await pool.connect();
  cleanup(t, async () => client.release());
  await client.query(`BEGIN; SELECT FROM orders WHERE order_id = '${orderId(2)}' FOR UPDATE`);

  const { failed, ...counts } = await retryUnhandled({ ...decisions[0], patienceMs: 300 }, found);
  await client.query('ROLLBACK');

  assert.deepEqual(counts, { handled: 1, repeats: 0, waiting: 0, dropped: 0, unreached: 2 });
  assert.deepEqual([failed.length, failed[0]?.messageId], [1, 'm2']);
  assert.match(failed[0]?.reason ?? '', /^Not possible now: ORDER_LOCKED: /);
  assert.deepEqual(await deadLettersOf(bus, FROM), before.slice(1));
  assert.equal((await retryUnhandled(decisions[0], found)).handled, 2);
});

test('two people who retry the same do it once', async (t) => {
  const { pool, bus, decisions } = await openTwo(t, 40);
  const found = await findUnhandled(decisions[0], {});

  const first = retryUnhandled(decisions[0], found);
  const second = retryUnhandled(decisions[1], found);
  const [one, two] = await Promise.all([first, second]);
  await until('all are handled', async () => {
    await retryUnhandled(decisions[0], await findUnhandled(decisions[0], {}));
    return (await deadLettersOf(bus, FROM)).length === 0;
  });

  assert.ok(one.handled + two.handled <= 40);
  const { rows } = await pool.query(
    "SELECT (SELECT count(*)::int FROM outbox WHERE message_type = 'OrderCancelled') AS events, (SELECT count(*)::int FROM inbox) AS handled",
  );
  assert.deepEqual(rows, [{ events: 40, handled: 40 }]);
});

test('the dead letter of a consumer that holds waits in the table when it fails again', async (t) => {
  const { pool, bus, decisions } = await openTwo(t, 1, 'hold');
  await pool.query('TRUNCATE orders CASCADE');

  const decided = await retryUnhandled(decisions[0], await findUnhandled(decisions[0], {}));

  assert.deepEqual([decided.waiting, decided.failed, await deadLettersOf(bus, FROM)], [1, [], []]);
  const [waiting] = await findUnhandled(decisions[0], {});
  assert.deepEqual([waiting?.place, waiting?.messageId], ['inbox', 'm1']);
  assert.match(waiting?.reason ?? '', /ORDER_NOT_FOUND/);
});
