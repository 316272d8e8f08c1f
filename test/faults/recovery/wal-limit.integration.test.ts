import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type pg from 'pg';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import type { RelayDeps } from '../../../relay/relay.ts';
import { createCluster } from '../../support/cluster.ts';
import { createDatabase } from '../../support/database.ts';
import { openLog } from '../../support/log-lines.ts';
import {
  createBus,
  insertEvents,
  startRelay,
  type TestRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkDelivery } from '../support/delivery.ts';
import { fillWal } from '../support/fill-wal.ts';

const MB = 1024 * 1024;
const NEVER = Number.MAX_SAFE_INTEGER;

describe('while the broker is away, WAL is kept up to the limits', { concurrency: true }, () => {
  test('beyond the bytes the slot goes, WAL is freed, nobody makes it again, and the broker gets all once it is back', async (t) => {
    const { url, pool } = await createCluster(t, { max_wal_size: '64MB', min_wal_size: '32MB' });
    const bus = await createBus(t);
    const { log, lines } = openLog();
    const parts = () => ({ walLimit: { bytes: 20 * MB, ms: NEVER, leastMs: 5_000 }, log });
    const leader = startRelay(t, { url, bus, parts });
    await untilStreaming(leader);
    const relays = [leader, startRelay(t, { url, bus, parts })];
    await until('the other stands by', () => relays[1]?.monitor.phase === 'standby');
    await insertLoad(pool, 20);
    await untilArrived(bus, 20);

    const heal = takeAway(bus);
    await insertLoad(pool, 20);
    await fillWal(pool, 160);
    for (const relay of relays) await untilBrokerAway(relay);
    await insertLoad(pool, 20);
    for (const relay of relays) await untilLookedAgain(relay);

    assert.equal(await slots(pool), 0);
    await pool.query('CHECKPOINT');
    assert.ok((await walBytes(pool)) < 100 * MB, 'the WAL is not kept any more');
    assert.equal(leader.monitor.counts.slotsLetGo, 1);
    const told = lines.filter(({ msg }) => msg.startsWith('Letting go of the replication slot'));
    assert.equal(told.length, 1);
    assert.match(told[0]?.msg ?? '', /keeps \d+ bytes of WAL \(RELAY_WAL_LIMIT_MB\)/);
    assert.equal(told[0]?.level, 'error');
    heal();
    await checkDelivery(pool, bus);
    await until('one streams', () => relays.some(({ monitor }) => monitor.phase === 'streaming'));
    await insertLoad(pool, 20);
    await checkDelivery(pool, bus);
  });

  test('beyond the time the slot goes too, and a relay that starts then waits for the broker', async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = await createBus(t);
    const parts = () => ({ walLimit: { bytes: NEVER, ms: 1, leastMs: 5_000 } });
    const first = startRelay(t, { url, bus, parts });
    await untilStreaming(first);
    const fault = bus.faults.inject({ kind: 'disabled' });
    await insertLoad(pool, 10);
    await untilBrokerAway(first);
    assert.equal(await slots(pool), 0);
    await first.stop();

    const second = startRelay(t, { url, bus });
    await untilBrokerAway(second);
    assert.equal(await slots(pool), 0);
    fault.heal();

    await untilStreaming(second);
    await checkDelivery(pool, bus);
  });

  test('a broker that can be reached and takes nothing gets a new slot each time, and all once it takes again', async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = await createBus(t);
    const parts = () => ({ walLimit: { bytes: NEVER, ms: 1, leastMs: 5_000 } });
    const relay = startRelay(t, { url, bus, parts });
    await untilStreaming(relay);
    const fault = bus.faults.inject({ kind: 'quotaExceeded' });
    await insertLoad(pool, 10);

    await until('the slot is let go', () => relay.monitor.counts.slotsLetGo === 1);
    await until('it is made again', () => relay.monitor.counts.recoveries === 2);
    await insertLoad(pool, 10);
    fault.heal();

    await checkDelivery(pool, bus);
    assert.equal(await slots(pool), 1);
  });

  test('a broker that is slow, and refuses every other send, is not away', async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = await createBus(t);
    let looks = 0;
    const parts = ({ pool: usual }: RelayDeps) => {
      const query = (...query: Parameters<pg.Pool['query']>) => {
        if (String(query[0]).includes('safe_wal_size')) looks++;
        return usual.query(...query);
      };
      const counted = Object.create(usual, { query: { value: query } }) as pg.Pool;
      return { pool: counted, walLimit: { bytes: 1, ms: 1, leastMs: 15_000 } };
    };
    const relay = startRelay(t, { url, bus, parts });
    await untilStreaming(relay);
    const slow = bus.faults.inject({ kind: 'latency', delayMs: 300 });
    const refuseNext = () => {
      bus.faults.inject({ kind: 'quotaExceeded', times: 1 });
      return relay.monitor.counts.published;
    };
    let publishedBefore = refuseNext();

    await until('it has looked six times', async () => {
      await insertLoad(pool, 1);
      if (relay.monitor.counts.published > publishedBefore) publishedBefore = refuseNext();
      return looks >= 6;
    });
    slow.heal();
    await untilAllMarked(pool);

    assert.ok(relay.monitor.counts.rejectedBatches > 0);
    assert.equal(relay.monitor.counts.slotsLetGo, 0);
    assert.equal(relay.monitor.counts.recoveries, 1);
  });
});

/** Nobody listens any more, and the connections that are open end with the next send. */
function takeAway(bus: LocalServiceBus): () => void {
  const faults = [
    bus.faults.inject({ kind: 'refuseConnections' }),
    bus.faults.inject({ kind: 'dropBeforeStore' }),
  ];
  return () => {
    for (const fault of faults) fault.heal();
  };
}

async function untilBrokerAway({ monitor }: TestRelay): Promise<void> {
  await until('it waits for the broker', () => monitor.phase === 'broker-away');
  assert.equal(monitor.isReady, false);
  assert.equal(monitor.lastError?.code, 'BROKER_UNREACHABLE');
  assert.match(monitor.lastError.message, /^Cannot reach Service Bus entity orders: ./);
}

async function untilLookedAgain({ monitor }: TestRelay): Promise<void> {
  const before = monitor.lastError?.at;
  await until('it has looked again', () => monitor.lastError?.at !== before);
}

function insertLoad(pool: pg.Pool, count: number): Promise<void> {
  return insertEvents(pool, count, (n) => ({ type: 'Event', aggregateId: `order-${n % 3}` }));
}

async function walBytes(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: string }>('SELECT sum(size) AS bytes FROM pg_ls_waldir()');
  return Number(rows[0]?.bytes);
}

/** Of this database. */
async function slots(pool: pg.Pool): Promise<number> {
  const { rowCount } = await pool.query(
    'SELECT FROM pg_replication_slots WHERE database = current_database()',
  );
  return rowCount ?? 0;
}
