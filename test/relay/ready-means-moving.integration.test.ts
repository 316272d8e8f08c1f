import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { createDatabase } from '../support/database.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import {
  connect,
  insertEvent,
  insertEvents,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../support/relay.ts';
import { openTcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

// Ready means that the oldest unsettled event is moving, or that there is none; and every wait has an end.

const parts = () => ({ progressWatch: { everyMs: 20, stalledAfterMs: 200 } });

/** A streaming relay, before which a row was inserted that another session has locked; `unlock` ends that. */
async function openLocked(t: TestContext, row: Parameters<typeof insertEvent>[2] = {}) {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher({ maxBatchBytes: 5_000 });
  const start = () => startRelay(t, { url, bus, parts });
  // A lock is a transaction, for whose end the making of a slot would wait.
  const first = start();
  await untilStreaming(first);
  await first.stop();
  const other = await connect(t, url);
  await insertEvent(pool, 'Locked', row);
  await other.query('BEGIN; SELECT FROM outbox FOR UPDATE');
  const relay = start();
  await untilStreaming(relay);
  return { pool, bus, relay, start, unlock: () => other.query('COMMIT') };
}

describe('a row that another session has locked', () => {
  test('is gone around: all others are marked, it is told, and marked once it is free', async (t) => {
    const { pool, bus, relay, unlock } = await openLocked(t);
    await insertEvents(pool, 12_000, (n) => ({ type: 'Other', aggregateId: `o${n % 100}` }));

    await until('all others are marked', async () => {
      const { rows } = await pool.query<{ type: string }>(
        'SELECT DISTINCT message_type AS type FROM outbox WHERE processed_at IS NULL',
      );
      return rows.length === 1 && rows[0]?.type === 'Locked';
    });
    await until('it is told', () => relay.monitor.blocked?.by === 'locked-row');
    assert.deepEqual([relay.monitor.isReady, relay.monitor.figures.lockedRows], [false, 1]);

    await unlock();
    await untilAllMarked(pool);
    await until('it is ready again', () => relay.monitor.isReady);
    assert.equal(bus.journal.total, 12_001);
  });

  test('is all that a stop leaves unmarked, and does not hold it up', async (t) => {
    const { pool, bus, relay: first, start, unlock } = await openLocked(t);
    await insertEvents(pool, 100, () => ({ type: 'Other' }));
    await untilArrived(bus, 101);
    await until('its row is known to be locked', () => first.monitor.figures.lockedRows === 1);

    await first.stop();
    await unlock();
    const second = start();
    await untilAllMarked(pool);

    assert.equal(bus.journal.total, 102, 'the one whose mark could not be written came again');
    assert.equal(second.monitor.counts.alreadySettled, 100);
  });

  test('that is parked is parked once it is free, and its order waits for it', async (t) => {
    const tooLarge = { aggregateId: 'o1', body: JSON.stringify('x'.repeat(10_000)) };
    const { pool, bus, relay, unlock } = await openLocked(t, tooLarge);

    await insertEvent(pool, 'Behind', { aggregateId: 'o1' });
    await insertEvent(pool, 'Other', { aggregateId: 'o2' });
    await untilArrived(bus, 1);
    await until('its row is known to be locked', () => relay.monitor.figures.lockedRows > 0);
    await unlock();
    await until('it is parked, and the one behind it waits', async () => {
      const { rowCount } = await pool.query(
        'SELECT FROM outbox WHERE (parked_at IS NULL) <> (deferred_at IS NULL) AND processed_at IS NULL',
      );
      return rowCount === 2;
    });

    assert.equal(bus.journal.total, 1);
  });
});

for (const command of ['START_REPLICATION', 'CREATE_REPLICATION_SLOT']) {
  test(`a network that swallows one ${command} is noticed, told, and gone around by itself`, async (t) => {
    const { url, pool } = await createDatabase(t);
    const proxy = await openTcpProxy(t, Number(new URL(url).port));
    let swallowed = 0;
    proxy.onClientData = (data, link) => {
      if (swallowed > 0 || !data.includes(command)) return;
      swallowed++;
      link.silence();
    };
    const through = Object.assign(new URL(url), { port: String(proxy.port) }).href;
    const bus = new MemoryPublisher();
    const relay = startRelay(t, {
      url,
      bus,
      parts: () => ({ ...parts(), replicationUrl: through }),
    });
    await insertEvent(pool, 'Waiting');

    await until('it is told', () => relay.monitor.blocked?.by === 'session');
    assert.equal(relay.monitor.isReady, false);
    await untilAllMarked(pool);

    assert.equal(swallowed, 1);
    await until('it is ready', () => relay.monitor.isReady);
  });

  test(`a stop ends the wait for an answer to ${command} at once`, async (t) => {
    const { url } = await createDatabase(t);
    const proxy = await openTcpProxy(t, Number(new URL(url).port));
    let swallowed = false;
    proxy.onClientData = (data, link) => {
      if (!data.includes(command)) return;
      swallowed = true;
      link.silence();
    };
    const through = Object.assign(new URL(url), { port: String(proxy.port) }).href;
    const relay = startRelay(t, {
      url,
      bus: new MemoryPublisher(),
      parts: () => ({ replicationUrl: through }),
    });
    await until('it waits', () => swallowed);

    const begun = performance.now();
    await relay.stop();

    // The wait alone is ten seconds and more.
    assert.ok(performance.now() - begun < 9_000);
  });
}

test('a stand-by is not ready while the relay that has the slot sends nothing', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const first = startRelay(t, { url, bus });
  await untilStreaming(first);
  const second = startRelay(t, { url, bus: new MemoryPublisher(), parts });
  await until('it stands by', () => second.monitor.phase === 'standby' && second.monitor.isReady);
  const sending = Promise.withResolvers<void>();
  const send = bus.send.bind(bus);
  bus.send = async (batch) => {
    await sending.promise;
    return send(batch);
  };

  await insertEvent(pool, 'Held');
  await until('it is told', () => second.monitor.blocked?.by === 'other-relay');
  assert.equal(second.monitor.isReady, false);

  sending.resolve();
  await untilAllMarked(pool);
  await until('it is ready again', () => second.monitor.isReady);
});
