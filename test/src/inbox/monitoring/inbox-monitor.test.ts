import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DrizzleQueryError } from 'drizzle-orm';
import pg from 'pg';
import { InboxMonitor } from '../../../../src/inbox/monitoring/inbox-monitor.ts';
import type { Settlement } from '../../../../src/inbox/settlement.ts';
import { receivedMessage } from '../../../support/received-message.ts';

const NEVER = AbortSignal.any([]);
const CONSUMER = 'inventory/order-service';

function receivingMonitor(): InboxMonitor {
  const monitor = new InboxMonitor([CONSUMER, 'payments'], ['InventoryInsufficient']);
  monitor.phase = 'receiving';
  for (const consumer of monitor.consumers.keys()) monitor.connected(consumer);
  return monitor;
}

test('it is ready only while it receives', () => {
  const monitor = new InboxMonitor([CONSUMER], []);

  for (const phase of ['starting', 'connecting', 'draining', 'stopped'] as const) {
    monitor.phase = phase;
    assert.deepEqual([monitor.state, monitor.isReady], [phase, false]);
  }
  monitor.phase = 'receiving';
  assert.deepEqual(
    [monitor.state, monitor.isReady],
    ['connecting', false],
    'the broker has not answered yet',
  );
  monitor.connected(CONSUMER);
  assert.equal(monitor.isReady, true);
});

test('one consumer that cannot receive makes it not ready, and its error is over once it can', () => {
  const monitor = receivingMonitor();

  monitor.away('payments', new Error('The messaging entity could not be found'));
  assert.deepEqual([monitor.state, monitor.isReady, monitor.blocked?.by], ['broker-away', false, 'broker']);
  assert.deepEqual(
    [monitor.lastError?.message, monitor.lastError?.isOver],
    ['The messaging entity could not be found', false],
  );

  monitor.receives('payments');
  assert.deepEqual([monitor.state, monitor.isReady, monitor.blocked], ['receiving', true, undefined]);
  assert.equal(monitor.lastError?.isOver, true);
});

test('the last error of a statement is what PostgreSQL said, with its code', () => {
  const monitor = receivingMonitor();
  const denied = Object.assign(new pg.DatabaseError('permission denied for table outbox', 0, 'error'), {
    code: '42501',
  });

  monitor.failed(CONSUMER, new DrizzleQueryError('insert into "outbox"', [], denied));

  const { message, code } = monitor.lastError ?? {};
  assert.deepEqual([message, code], ['permission denied for table outbox', '42501']);
});

test('a database that does not answer goes before a broker that is away', () => {
  const monitor = receivingMonitor();
  monitor.away(CONSUMER, new Error('away'));
  monitor.databaseAwaySince = new Date();

  assert.deepEqual([monitor.state, monitor.blocked?.by], ['database-away', 'database']);
});

test('what it observes is in hand until it is settled, and is settled as it was', async () => {
  const monitor = receivingMonitor();
  const { promise, resolve } = Promise.withResolvers<Settlement>();
  const handle = monitor.observing(() => promise);
  const message = receivedMessage({ messageId: 'm1' });

  const settled = handle(CONSUMER, message, NEVER);
  const { received, inHand, oldestInHand } = monitor.of(CONSUMER);
  resolve({ kind: 'dead-letter', reason: 'r', description: 'd' });

  assert.deepEqual([received, inHand, oldestInHand?.messageId], [1, 1, 'm1']);
  assert.deepEqual(await settled, { kind: 'dead-letter', reason: 'r', description: 'd' });
  assert.equal(monitor.of(CONSUMER).inHand, 0);
  assert.equal(monitor.of('payments').received, 0);
});

test('a type that nobody consumes is counted as other, whatever senders make up', () => {
  const monitor = receivingMonitor();

  for (const type of ['InventoryInsufficient', 'MadeUp1', 'MadeUp2', undefined]) {
    monitor.became(CONSUMER, receivedMessage({ type }), 'handled');
  }

  const { fates, latency } = monitor.of(CONSUMER);
  const handled = [...fates].map(([type, ofType]) => [type, ofType.get('handled')]);
  assert.deepEqual(handled, [
    ['InventoryInsufficient', 1],
    ['other', 3],
  ]);
  assert.equal(latency.cumulative().at(-1), 4);
});

test('a broker whose clock is ahead does not make the time until a commit negative', () => {
  const monitor = receivingMonitor();

  monitor.became(CONSUMER, receivedMessage({ enqueuedAt: new Date(Date.now() + 60_000) }), 'handled');

  assert.equal(monitor.of(CONSUMER).latency.sum, 0);
});
