import assert from 'node:assert/strict';
import { test } from 'node:test';
import { statusText } from '../../../relay/admin/cli/status-text.ts';
import { inspectStatus } from '../../../relay/admin/outbox-status.ts';
import { Routing } from '../../../relay/outbox/routing.ts';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { insertEvent, startRelay } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

test('the status says whether a relay streams, and how far it is', async (t) => {
  const { url, pool, name: slot } = await createDatabase(t);
  const status = () => inspectStatus({ pool, table: OUTBOX, slot, routing: new Routing('orders') });
  const id = await insertEvent(pool, 'OrderCreated', { aggregateId: 'o1' });

  const before = await status();
  assert.deepEqual(
    [
      before.state,
      before.slotLagBytes,
      before.walStatus,
      before.unsettled,
      before.oldestUnsettled?.messageId,
    ],
    ['no-slot', null, null, 1, id],
  );
  const relay = startRelay(t, { url, bus: new MemoryPublisher(), slot });
  const streaming = await until('the event is settled', async () => {
    const now = await status();
    return now.state === 'streaming' && now.unsettled === 0 && now.settledLsn !== null && now;
  });
  assert.equal(streaming.walStatus, 'reserved');
  assert.ok(streaming.epoch && streaming.retainedBytes !== null);
  await relay.stop();

  await until('the slot is free', async () => (await status()).state === 'no-relay');
});

test('the status counts what is parked and what waits, and says what to do', async (t) => {
  const { pool, name: slot } = await createDatabase(t);
  const parked = await insertEvent(pool, 'OrderCreated', { aggregateId: 'o1' });
  const behind = await insertEvent(pool, 'OrderCancelled', { aggregateId: 'o1' });
  await pool.query('UPDATE outbox SET parked_at = now() WHERE message_id = $1', [parked]);
  await pool.query('UPDATE outbox SET deferred_at = now() WHERE message_id = $1', [behind]);

  const status = await inspectStatus({ pool, table: OUTBOX, slot, routing: new Routing('orders') });

  assert.deepEqual([status.parked, status.waiting, status.unsettled], [1, 1, 0]);
  const now = new Date(Date.parse(status.oldestParkedAt ?? '') + 3_600_000);
  const lines = statusText(status, now).split('\n');
  assert.equal(lines.length, 10);
  assert.match(lines.join('\n'), /^parked +1, the first 60 min ago$/m);
  assert.match(lines.join('\n'), /^next +npm run outbox -- list, then retry or drop/m);
});

test('the status says that the database was set back, and why it seems so', async (t) => {
  const { pool, name: slot } = await createDatabase(t);
  await pool.query(
    `INSERT INTO relay_progress (slot, epoch, system_identifier, timeline) VALUES ($1, 3, 'another', 1)`,
    [slot],
  );

  const status = await inspectStatus({ pool, table: OUTBOX, slot, routing: new Routing('orders') });

  assert.equal(status.state, 'set-back');
  assert.match(status.setBack ?? '', /its progress was written in the cluster another/);
  assert.match(statusText(status, new Date()), /^state +set back: .*npm run outbox -- confirm$/m);
});
