import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confirmDatabase } from '../../relay/admin/confirm-database.ts';
import { initOutbox } from '../../relay/admin/init-outbox.ts';
import {
  countPublished,
  dropMessage,
  replayPublished,
  retryMessage,
} from '../../relay/admin/outbox-admin.ts';
import { findMessage, inspectOutbox } from '../../relay/admin/outbox-inspection.ts';
import { buildHealthServer } from '../../relay/monitoring/health-server.ts';
import { parseOutboxTable } from '../../relay/outbox/outbox-table.ts';
import { Routing } from '../../relay/outbox/routing.ts';
import { PublishError } from '../../relay/publishing/publish-error.ts';
import { cleanup } from '../support/cleanup.ts';
import { createDatabase, EMPTY } from '../support/database.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import { slotOf, startRelay, untilArrived, untilStreaming } from '../support/relay.ts';
import { until } from '../support/until.ts';

// Every statement of the relay at least once, on a table whose name has to be quoted wherever it stands. In public there is
// nothing that could stand in for it.

const TABLE = parseOutboxTable('Sales.order');
const EVER = { from: '2000-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };

test('a table of any name is settled, streamed, marked, parked, redriven, replayed and cleared of what is old', async (t) => {
  const { url, pool } = await createDatabase(t, EMPTY);
  await pool.query('CREATE SCHEMA "Sales"');
  await initOutbox(pool, { table: TABLE, publication: 'sales' });
  const insert = async (type: string, aggregateId: string) =>
    (
      await pool.query<{ id: string }>(
        `INSERT INTO "Sales"."order" (message_id, message_type, message_body, aggregate_id)
         VALUES (gen_random_uuid(), $1, '{}', $2) RETURNING message_id::text AS id`,
        [type, aggregateId],
      )
    ).rows[0]?.id ?? '';
  const poison = new Set<string>(['Poison', 'Worse']);
  const bus = new MemoryPublisher();
  bus.refuse = (batch) =>
    batch.some(({ messageType }) => poison.has(messageType))
      ? new PublishError('too large', { kind: 'poison', code: 'TooLarge' })
      : undefined;
  const slot = slotOf(url);
  const start = (retention?: { keepMs: number; everyMs: number }) =>
    startRelay(t, { url, bus, publication: 'sales', parts: () => ({ table: TABLE, retention }) });

  await insert('Before', 'a');
  const first = start();
  await untilArrived(bus, 1);
  const [retried, dropped] = [await insert('Poison', 'b'), await insert('Worse', 'c')];
  await insert('BehindPoison', 'b');
  await until('both are parked', async () => (await inspectOutbox(pool, TABLE, 10)).parkedCount === 2);
  poison.delete('Poison');
  await retryMessage(pool, TABLE, retried);
  await dropMessage(pool, TABLE, dropped, 'not needed');
  await untilArrived(bus, 3);
  await until('all is settled', async () => (await inspectOutbox(pool, TABLE, 10)).unsettledCount === 0);
  assert.equal((await findMessage(pool, TABLE, retried))?.behind, null);

  const health = buildHealthServer({
    pool,
    table: TABLE,
    monitor: first.monitor,
    slot,
    publication: 'sales',
    routing: new Routing('orders'),
  });
  cleanup(t, () => health.close());
  assert.equal((await health.inject('/status')).json().databaseError, null);

  const count = await countPublished(pool, TABLE, EVER);
  assert.equal(count, 3);
  assert.deepEqual(await Array.fromAsync(replayPublished(pool, TABLE, EVER)), [count]);
  await untilArrived(bus, 6);
  await first.stop();
  await confirmDatabase(pool, TABLE, slot);

  const second = start({ keepMs: 1, everyMs: 5 });
  await untilStreaming(second);
  await insert('After', 'a');
  await untilArrived(bus, 7);
  await until('what is settled is deleted, once later events are settled too', async () => {
    await insert('Later', 'd');
    const { rowCount } = await pool.query(`SELECT FROM "Sales"."order" WHERE message_type <> 'Later'`);
    return rowCount === 0;
  });

  const types = bus.accepted.map(({ messageType }) => messageType).filter((type) => type !== 'Later');
  assert.deepEqual(types, ['Before', 'Poison', 'BehindPoison', 'Before', 'Poison', 'BehindPoison', 'After']);
});
