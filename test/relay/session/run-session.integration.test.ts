import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import { PublishError } from '../../../relay/publishing/publish-error.ts';
import { runSession } from '../../../relay/session/run-session.ts';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import {
  arrivals,
  insertEvent,
  insertEvents,
  slotOf,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { openRun } from '../../support/session-run.ts';
import { until } from '../../support/until.ts';

test('once the slot was let go, the broker counts as away from its next failure on', async (t) => {
  const bus = new MemoryPublisher();
  const disabled = new PublishError('disabled', { kind: 'operator', code: 'MessagingEntityDisabled' });
  bus.refuse = (batch) => (batch.length > 0 ? disabled : undefined);
  let now = 0;
  const run = await openRun(t, bus, () => now);
  const { pool, publisher, walLimit, monitor } = run;
  await insertEvent(pool, 'Refused');
  const session = runSession(run);
  await until('the broker counts as away', () => publisher.awayForMs !== undefined);

  now += walLimit.ms + 1;
  await session;

  assert.equal(monitor.counts.slotsLetGo, 1);
  assert.equal(publisher.awayForMs, undefined);
});

test('an order of which a message only waits to be sent again is sent with the rest when its slot is made anew', async (t) => {
  const { url, pool } = await createDatabase(t);
  await insertEvent(pool, 'Retried', { aggregateId: 'A' });
  await pool.query('UPDATE outbox SET deferred_at = now()');
  const bus = new MemoryPublisher();

  // No look that would find it later.
  startRelay(t, { url, bus, parts: () => ({ watchEveryMs: 3_600_000 }) });

  await untilAllMarked(pool);
  assert.deepEqual(arrivals(bus), [['Retried', '{}']]);
});

test('while the table is settled nothing of the stream is taken in', async (t) => {
  const { url, pool } = await createDatabase(t);
  const count = 9_000; // more than is read at once
  await insertEvents(pool, count, (n) => ({ type: `Old${n}`, aggregateId: n === count ? 'A' : `o${n}` }));
  const bus = new MemoryPublisher();
  const free = Promise.withResolvers<void>();
  bus.before = () => free.promise;
  const relay = startRelay(t, { url, bus });
  await until('no more is read', () => relay.monitor.unsettled >= 8_000);

  await insertEvent(pool, 'New', { aggregateId: 'A' });
  free.resolve();
  await untilAllMarked(pool);

  assert.equal(relay.monitor.counts.sessions, 1);
  assert.equal(arrivals(bus).length, count + 1);
  assert.equal(arrivals(bus).at(-1)?.[0], 'New');
});

test('what comes while a stop waits for the broker is left for the next session', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const free = Promise.withResolvers<void>();
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  bus.before = () => free.promise;
  await insertEvent(pool, 'InFlight');
  await until('it is being sent', () => relay.monitor.unsettled === 1);
  const stopped = relay.stop();
  await until('it is draining', () => relay.monitor.phase === 'draining');

  await insertEvent(pool, 'Late');
  await untilSentAndTold(pool, slotOf(url));
  free.resolve();
  await stopped;
  startRelay(t, { url, bus });

  await untilArrived(bus, 2);
  assert.deepEqual(new Set(arrivals(bus).map(([subject]) => subject)), new Set(['InFlight', 'Late']));
});

/** The server has sent all that is committed now, and has answered two pings since. */
async function untilSentAndTold(pool: pg.Pool, slot: string): Promise<void> {
  const statuses = new Set<string>();
  const { rows: ends } = await pool.query<{ end: string }>('SELECT pg_current_wal_lsn() AS end');
  await until('the server has sent it, and told how far it is', async () => {
    const { rows } = await pool.query<{ status: string | null }>(
      `SELECT reply_time::text AS status FROM pg_stat_replication
       JOIN pg_replication_slots ON active_pid = pid WHERE slot_name = $1 AND sent_lsn >= $2`,
      [slot, ends[0]?.end],
    );
    if (rows[0]?.status) statuses.add(rows[0].status);
    return statuses.size > 2;
  });
}
