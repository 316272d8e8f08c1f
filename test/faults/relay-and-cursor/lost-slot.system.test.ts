import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type pg from 'pg';
import { createDatabase } from '../../support/database.ts';
import {
  arrivals,
  createBus,
  insertEvent,
  slotOf,
  startRelay,
  untilAllMarked,
  untilStreaming,
} from '../../support/relay.ts';
import { RelayStage } from '../../support/relay-stage.ts';
import { ourRelay } from '../../support/relay-subject.ts';
import { until } from '../../support/until.ts';
import { createCluster } from '../support/cluster.ts';
import { checkDelivery } from '../support/delivery.ts';

describe('a slot that is lost', { concurrency: 2 }, () => {
  test('dropped after the relay was killed: the hundred events of the meantime arrive', async (t) => {
    const { url, pool } = await createDatabase(t);
    const stage = await RelayStage.open(t, await ourRelay(), { url });
    await stage.missing(); // one event has gone through
    await stage.kill();

    await pool.query(
      `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
       SELECT gen_random_uuid(), 'Meanwhile', '{}', 'o' || n % 7 FROM generate_series(1, 100) n`,
    );
    await until('the server has noticed the kill', async () => (await stage.sender()) === undefined);
    await pool.query('SELECT pg_drop_replication_slot($1)', [slotOf(url)]);
    await stage.start();

    await checkDelivery(pool, stage.bus);
    assert.equal(stage.arrived().filter((type) => type === 'Meanwhile').length, 100);
    assert.deepEqual(await stage.missing(), []);
  });

  test('invalidated while the relay was frozen: the events of the meantime arrive, and it is told', async (t) => {
    const { url, pool } = await createCluster(t, { max_slot_wal_keep_size: '16MB' });
    const stage = await RelayStage.open(t, await ourRelay(), { url });
    await insertEvent(pool, 'Before');
    await stage.untilArrived('Before');

    process.kill(stage.pid, 'SIGSTOP');
    await insertEvent(pool, 'Meanwhile');
    const lost = async () => {
      await pool.query('SELECT pg_switch_wal()');
      await pool.query('CHECKPOINT');
      const { rowCount } = await pool.query(
        "SELECT FROM pg_replication_slots WHERE slot_name = $1 AND wal_status = 'lost'",
        [slotOf(url)],
      );
      return rowCount === 1;
    };
    await until('the server has thrown away what the slot needs', lost);
    process.kill(stage.pid, 'SIGCONT');
    await stage.untilArrived('Meanwhile');
    await insertEvent(pool, 'After');
    await stage.untilArrived('After');

    assert.deepEqual(stage.arrived(), ['Before', 'Meanwhile', 'After']);
    assert.match(stage.lines.join('\n'), /PostgreSQL has invalidated the replication slot/);
  });

  test('moved by somebody between the look at it and the stream: what it has passed over arrives, in order', async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = await createBus(t);
    const first = startRelay(t, { url, bus });
    await untilStreaming(first);
    await insertEvent(pool, 'Before', { aggregateId: 'order-1' });
    await untilAllMarked(pool);
    await first.stop();
    await insertEvent(pool, 'Meanwhile', { aggregateId: 'order-1' });

    const move = async () => {
      await pool.query('SELECT pg_replication_slot_advance($1, pg_current_wal_lsn())', [slotOf(url)]);
    };
    const second = startRelay(t, {
      url,
      bus,
      // Asked for right after the slot was looked at.
      parts: ({ pool: own }) => ({ pool: beforeFirst(own, 'FROM relay_progress', move) }),
    });
    await untilStreaming(second);
    await insertEvent(pool, 'After', { aggregateId: 'order-1' });
    await untilAllMarked(pool);

    assert.deepEqual(
      arrivals(bus).map(([type]) => type),
      ['Before', 'Meanwhile', 'After'],
    );
  });
});

/** The pool, that does something else before it runs the first statement with this text in it. */
function beforeFirst(pool: pg.Pool, text: string, work: () => Promise<void>): pg.Pool {
  let done = false;
  const query = async (...args: Parameters<pg.Pool['query']>) => {
    if (!done && String(args[0]).includes(text)) {
      done = true;
      await work();
    }
    return pool.query(...args);
  };
  return new Proxy(pool, {
    get: (target, name) => (name === 'query' ? query : Reflect.get(target, name, target)),
  });
}
