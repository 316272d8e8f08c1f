import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { Type } from '@sinclair/typebox';
import { createLogger } from '../../../../src/core/log.ts';
import { openPool } from '../../../../src/core/pool.ts';
import { createDispatcher } from '../../../../src/dispatcher.ts';
import { type ConsumedEvents, consumes } from '../../../../src/inbox/handling/consumed-event.ts';
import { createHandler } from '../../../../src/inbox/handling/handler.ts';
import { CANCEL_ORDER } from '../../../../src/messages/cancel-order.ts';
import { OrderId } from '../../../../src/messages/order-fields.ts';
import { type Receptors, receptors } from '../../../../src/receptors/registry.ts';
import { openApp } from '../../../support/app.ts';
import { cleanup } from '../../../support/cleanup.ts';
import { tutorialOrder } from '../../../support/orders.ts';
import { counted } from './messages.ts';

// The receptors of the api, behind its own dispatcher and that of an inbox.

const events: ConsumedEvents<Receptors> = {
  StockLost: consumes(Type.Object({ orderId: OrderId }), ({ orderId }) => ({
    type: CANCEL_ORDER,
    body: { orderId, reason: 'Out of stock' },
  })),
};

test('an order that a message and a request cancel at once is cancelled once', async (t) => {
  const { post, cancel, db, database } = await openApp(t);
  const { orderId } = (await post(tutorialOrder())).json();
  const handle = openOrderHandler(t, database.url);
  const message = counted(0, {
    type: 'StockLost',
    body: Buffer.from(JSON.stringify({ orderId })),
    aggregateId: orderId,
  });

  const [settled, answer] = await Promise.all([
    handle('queue', message, t.signal),
    cancel(orderId, { reason: 'Changed my mind' }),
  ]);

  assert.deepEqual([settled, answer.statusCode], [{ kind: 'complete' }, 200]);
  const { rows } = await db.query(
    `SELECT count(*)::int AS n FROM outbox WHERE message_type = 'OrderCancelled'`,
  );
  assert.deepEqual(rows, [{ n: 1 }]);
});

test('an order that is not there after all tries is dead-lettered', async (t) => {
  const { database } = await openApp(t);
  const handle = openOrderHandler(t, database.url);
  const body = Buffer.from(JSON.stringify({ orderId: '0'.repeat(32) }));

  const settled = await handle('queue', counted(0, { type: 'StockLost', body }), t.signal);

  assert.ok(settled.kind === 'dead-letter');
  assert.match(settled.description, /^ORDER_NOT_FOUND: /);
});

function openOrderHandler(t: TestContext, url: string) {
  const log = createLogger({ level: 'silent', service: 'test' });
  const pool = openPool({ url, max: 2, applicationName: 'inbox', log });
  cleanup(t, () => pool.end());
  const connections = { writing: pool, changing: () => pool };
  return createHandler({
    dispatcher: createDispatcher({ connections, receptors, now: () => new Date(), newId: randomUUIDv7 }),
    events,
    connections: pool,
    consumers: [{ name: 'queue', onFailure: 'continue' }],
    observer: { became: () => undefined, failed: () => undefined },
    log,
    random: () => 0,
  });
}
