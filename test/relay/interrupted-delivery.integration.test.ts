import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Logger } from '../../src/core/log.ts';
import { createDatabase } from '../support/database.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import {
  arrivals,
  createBus,
  insertEvent,
  slotOf,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../support/relay.ts';
import { until } from '../support/until.ts';

test('a failing send shows in its row, and once the broker is well the order is kept and nothing is lost', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  const fault = bus.faults.inject({ kind: 'disabled' });

  for (let n = 1; n <= 20; n++) await insertEvent(pool, `Ev${n}`, { aggregateId: 'o1' });
  const row = await until('the failure is noted', async () => {
    const { rows } = await pool.query(
      'SELECT retry_count, next_retry_at, error_message FROM outbox WHERE retry_count >= 2 ORDER BY position LIMIT 1',
    );
    return rows[0];
  });
  assert.ok(row.next_retry_at instanceof Date);
  assert.match(row.error_message, /disabled/i);
  assert.equal(relay.monitor.isReady, false);
  fault.heal();
  await untilArrived(bus, 20);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    Array.from({ length: 20 }, (_, i) => `Ev${i + 1}`),
  );
  await untilAllMarked(pool);
  const { rowCount } = await pool.query(
    'SELECT FROM outbox WHERE next_retry_at IS NOT NULL OR error_message IS NOT NULL',
  );
  assert.equal(rowCount, 0);
  assert.equal(relay.monitor.isReady, true);
});

test('a stream that PostgreSQL ends is taken up again, without a repeat', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);

  for (let n = 1; n <= 60; n++) {
    await insertEvent(pool, `Ev${n}`, { aggregateId: 'o1' });
    if (n % 20 === 0) {
      await pool.query(
        'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1',
        [slotOf(url)],
      );
    }
  }
  await untilArrived(bus, 60);
  await untilAllMarked(pool);

  assert.deepEqual(
    arrivals(bus).map(([subject]) => subject),
    Array.from({ length: 60 }, (_, i) => `Ev${i + 1}`),
  );
});

// The waits added up, to 15 s after a handful of faults that had nothing to do with each other.
test('a stream that has lasted a while does not make the wait after its end longer', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const waits: unknown[] = [];
  const listening = (log: Logger): Logger =>
    Object.assign(Object.create(log) as Logger, {
      warn: ({ retryInMs }: { retryInMs?: number }) => waits.push(retryInMs),
    });
  const relay = startRelay(t, { url, bus, parts: ({ log }) => ({ log: listening(log), random: () => 1 }) });

  for (let round = 1; round <= 3; round++) {
    await until('the relay has been streaming for a while', () => {
      const { phase, phaseSince } = relay.monitor;
      return waits.length === round - 1 && phase === 'streaming' && Date.now() - phaseSince.getTime() > 1_200;
    });
    await pool.query(
      'SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = $1',
      [slotOf(url)],
    );
    await until('it waits', () => waits.length === round);
  }

  assert.deepEqual(waits, [100, 100, 100]);
});
