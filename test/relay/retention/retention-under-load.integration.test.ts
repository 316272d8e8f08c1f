import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { createDatabase } from '../../support/database.ts';
import {
  createBus,
  insertEvent,
  slotOf,
  startRelay,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';

/** Keeps nothing a moment longer than it must, round after round. */
const parts = () => ({ retention: { keepMs: 1, everyMs: 5, pauseMs: 1, blocks: 8 } });
const WRITERS = 4;

test('while old rows are deleted under load and the slot is dropped again and again, nothing is lost or reordered', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus, parts });
  await untilStreaming(relay);

  const sent = new Map<string, string[]>();
  let writing = true;
  const write = async (order: string) => {
    const ids: string[] = [];
    sent.set(order, ids);
    for (let n = 0; writing; n++) ids.push(await insertEvent(pool, `E${n}`, { aggregateId: order }));
  };
  const written = Promise.all(Array.from({ length: WRITERS }, (_, n) => write(`order-${n}`)));
  for (let drop = 0; drop < 3; drop++) {
    const { deletedRows, recoveries } = relay.monitor.counts;
    await until('rows are deleted', () => relay.monitor.counts.deletedRows > deletedRows + 200);
    await dropSlot(pool, slotOf(url));
    await until('the slot is made anew', () => relay.monitor.counts.recoveries > recoveries);
  }
  writing = false;
  await written;
  const total = [...sent.values()].reduce((sum, { length }) => sum + length, 0);

  const arrived = () => {
    const first = new Map(
      bus.journal.entries().map((entry) => [entry.messageId, entry.applicationProperties]),
    );
    return [...first].map(([id, properties]) => ({ id, order: String(properties?.['aggregateId']) }));
  };
  await until('everything has arrived', () => arrived().length >= total);
  for (const [order, ids] of sent) {
    assert.deepEqual(
      arrived()
        .filter((message) => message.order === order)
        .map(({ id }) => id),
      ids,
    );
  }
  assert.equal(arrived().length, total);
  // What follows moves the progress past everything, so that the rest may go.
  await until('the old rows are gone', async () => {
    await insertEvent(pool, 'Later');
    return relay.monitor.counts.deletedRows >= total;
  });
});

test('a relay that stands by deletes nothing, until it has taken over', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  const second = startRelay(t, { url, bus, parts });
  await until('it stands by', () => second.monitor.phase === 'standby');

  for (let n = 1; n <= 50; n++) {
    await insertEvent(pool, 'Event');
    await untilArrived(bus, n);
  }
  const { rowCount } = await pool.query('SELECT FROM outbox');
  assert.deepEqual([rowCount, second.monitor.counts.deletedRows], [50, 0]);

  await first.stop();
  await untilStreaming(second);
  await until('it deletes', async () => {
    await insertEvent(pool, 'Later');
    return second.monitor.counts.deletedRows >= 50;
  });
});

async function dropSlot(pool: pg.Pool, slot: string): Promise<void> {
  await until('the slot is dropped', async () => {
    await pool.query(
      'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1',
      [slot],
    );
    const { rowCount } = await pool
      .query(
        'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active',
        [slot],
      )
      .catch(() => ({ rowCount: 0 })); // the relay may have it again by then
    return rowCount === 1;
  });
}
