import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type pg from 'pg';
import type { Fault } from '../../../dev/service-bus/faults.ts';
import type { LocalServiceBus } from '../../../dev/service-bus/service-bus.ts';
import { createDatabase } from '../../support/database.ts';
import {
  arrivals,
  createBus,
  insertEvent,
  startRelay,
  type TestRelay,
  untilAllMarked,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkLoadDelivered } from '../support/delivery.ts';
import { type Load, startLoad } from '../support/load.ts';

interface PassingFault {
  readonly name: string;
  readonly fault: Fault;
  /** Whether some messages must come again, under the same ids, or none may; undefined: what was in flight beside it may. */
  readonly repeats?: boolean;
}

/** A send that is never answered is given up after ten seconds, also when its connection is lost. */
const PASSING: readonly PassingFault[] = [
  { name: 'an acknowledgement that is lost', fault: { kind: 'ackLost', times: 1 }, repeats: true },
  { name: 'a send that is never answered', fault: { kind: 'hang', times: 1 }, repeats: false },
  { name: 'a connection lost before a batch is stored', fault: { kind: 'dropBeforeStore', times: 1 } },
  {
    name: 'a connection lost after a batch is stored',
    fault: { kind: 'dropAfterStore', times: 1 },
    repeats: true,
  },
  {
    name: 'a broker that is busy for some batches',
    fault: { kind: 'busy', probability: 0.3, seed: 7, times: 3 },
    repeats: false,
  },
  { name: 'a link that is detached', fault: { kind: 'detach', times: 1 }, repeats: false },
  { name: 'a connection that is closed', fault: { kind: 'closeConnection', times: 1 } },
];

/** Each lasts until an operator has mended it; `told` is in the rows. */
const LASTING: readonly { name: string; fault: Fault; told: string }[] = [
  { name: 'an entity that is missing', fault: { kind: 'notFound' }, told: 'could not be found' },
  { name: 'an entity that is disabled', fault: { kind: 'disabled' }, told: 'disabled' },
  { name: 'an entity that is full', fault: { kind: 'quotaExceeded' }, told: 'maximum entity size' },
  { name: 'a token that is refused', fault: { kind: 'unauthorized' }, told: 'InvalidSignature' },
];

describe('under load', { concurrency: true }, () => {
  for (const { name, fault, repeats } of PASSING) {
    test(`${name} loses nothing, reorders nothing, and consumers see nothing twice`, async (t) => {
      const { bus, load, pool } = await underLoad(t);

      const injected = bus.faults.inject(fault);
      await until('it is over', () => injected.hits === fault.times);
      await load.more(20);

      await checkLoadDelivered(bus, load);
      await untilAllMarked(pool); // a last repeat comes when all has arrived already
      const { length: repeated } = await checkLoadDelivered(bus, load);
      if (repeats !== undefined) assert.equal(repeated > 0, repeats, `${repeated} repeats`);
      assert.equal(bus.journal.duplicates, repeated, 'duplicate detection drops every one');
    });
  }

  for (const { name, fault, told } of LASTING) {
    test(`${name} is told, tried again until a person has mended it, and then made good`, async (t) => {
      const { bus, load, pool, relay } = await underLoad(t);

      const injected = bus.faults.inject(fault);
      await until('the rows say why', async () => {
        const { rowCount } = await pool.query(
          'SELECT FROM outbox WHERE retry_count >= 3 AND strpos(error_message, $1) > 0 LIMIT 1',
          [told],
        );
        return rowCount === 1;
      });
      assert.equal(relay.monitor.isReady, false);
      injected.heal();

      assert.deepEqual(await checkLoadDelivered(bus, load), []);
      await untilAllMarked(pool);
      await until('it is ready', () => relay.monitor.isReady);
    });
  }

  test('a busy broker is left alone for two seconds at a time, and caught up with in order', async (t) => {
    const { bus, load, pool } = await underLoad(t);

    const busy = bus.faults.inject({ kind: 'busy' });
    let soonestMs = Number.POSITIVE_INFINITY;
    await until('it has refused three times', async () => {
      const { rows } = await pool.query<{ ms: number | null }>(
        `SELECT (1000 * min(extract(epoch FROM next_retry_at - created_at)))::float AS ms FROM outbox
         WHERE retry_count > 0`,
      );
      soonestMs = Math.min(soonestMs, rows[0]?.ms ?? soonestMs);
      return busy.hits >= 3;
    });
    busy.heal();

    // Both ends are rounded, from the clocks of two processes.
    assert.ok(soonestMs >= 1_990, `tried again ${soonestMs} ms after it was written`);
    assert.deepEqual(await checkLoadDelivered(bus, load), []);
    await untilAllMarked(pool);
  });
});

for (const kind of ['detachIdle', 'closeIdle'] as const) {
  test(`after ${kind} by the broker what is sent next opens anew`, async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = await createBus(t);
    startRelay(t, { url, bus });
    const publish = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) await insertEvent(pool, `Ev${n}`, { aggregateId: 'o1' });
      await untilAllMarked(pool);
    };

    await publish(1, 5);
    bus.faults.inject({ kind });
    await publish(6, 25);

    assert.deepEqual(
      arrivals(bus).map(([subject]) => subject),
      Array.from({ length: 25 }, (_, n) => `Ev${n + 1}`),
    );
  });
}

async function underLoad(
  t: TestContext,
): Promise<{ bus: LocalServiceBus; load: Load; pool: pg.Pool; relay: TestRelay }> {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t, { duplicateWindowMs: 3_600_000 });
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  const load = startLoad(t, url);
  await load.more(20);
  return { bus, load, pool, relay };
}
