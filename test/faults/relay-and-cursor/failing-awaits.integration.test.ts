import assert from 'node:assert/strict';
import { test } from 'node:test';
import type pg from 'pg';
import type { Publisher } from '../../../relay/publishing/publisher.ts';
import type { RelayDeps } from '../../../relay/relay.ts';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { insertEvent, slotOf, startRelay, untilAllMarked, untilArrived } from '../../support/relay.ts';
import { checkDelivery } from '../support/delivery.ts';
import { shortWaits } from '../support/short-waits.ts';

// Every call that the relay makes to its database or its broker fails once: before it is made, or after it, when it has had its
// effect and nobody knows. Whatever the relay does about it, it must not confirm what is unsettled.

for (const when of ['before', 'after'] as const) {
  test(`each await of a first start fails once, ${when} its call, and nothing is lost`, async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = new MemoryPublisher();

    for (let nth = 1, reached = true; reached; nth++) {
      await pool.query(
        'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1',
        [slotOf(url)],
      );
      await pool.query('DELETE FROM relay_progress');
      await insertEvent(pool, `In the table ${nth}`, { aggregateId: 'o1' });
      const failpoint = new Failpoint(nth, when);
      const relay = startRelay(t, { url, bus, parts: (usual) => failpoint.parts(usual) });
      await untilArrived(bus, 2 * nth - 1);
      await insertEvent(pool, `In the stream ${nth}`, { aggregateId: 'o1' });
      await untilAllMarked(pool);
      await relay.stop();
      reached = failpoint.calls >= nth;
      if (!reached) t.diagnostic(`${failpoint.calls} calls`);
    }

    await checkDelivery(pool, bus);
  });

  test(`each await of a restart fails once, ${when} its call, and nothing unsettled is confirmed`, async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = new MemoryPublisher();
    const first = startRelay(t, { url, bus });
    await insertEvent(pool, 'First');
    await untilArrived(bus, 1);
    await untilAllMarked(pool);
    await first.stop();

    for (let nth = 1, reached = true; reached; nth++) {
      // Everything that comes counts as what may be marked already, and is looked up.
      await pool.query("UPDATE relay_progress SET marked_lsn = 'FFFFFFFF/0'");
      await insertEvent(pool, `Before ${nth}`, { aggregateId: 'o1' });
      const failpoint = new Failpoint(nth, when);
      const relay = startRelay(t, { url, bus, parts: (usual) => failpoint.parts(usual) });
      await insertEvent(pool, `After ${nth}`, { aggregateId: 'o1' });
      await untilAllMarked(pool);
      await relay.stop();
      reached = failpoint.calls >= nth;
      // A slot that is ahead of what is settled would be noticed, and made anew.
      assert.equal(relay.monitor.counts.recoveries, 0, `the call number ${nth}`);
      if (!reached) t.diagnostic(`${failpoint.calls} calls`);
    }

    await checkDelivery(pool, bus);
  });
}

/** Lets the nth call of all fail. */
class Failpoint {
  calls = 0;
  readonly #nth: number;
  readonly #when: 'before' | 'after';

  constructor(nth: number, when: 'before' | 'after') {
    this.#nth = nth;
    this.#when = when;
  }

  parts({ pool, publisher }: RelayDeps): Partial<RelayDeps> {
    const query = (...query: Parameters<pg.Pool['query']>) => this.#pass(async () => pool.query(...query));
    const failing: Publisher = {
      name: publisher.name,
      get limits() {
        return publisher.limits;
      },
      destinations: publisher.destinations,
      prepare: (message) => publisher.prepare(message),
      connect: (...to) => this.#pass(() => publisher.connect(...to)),
      send: (batch) => this.#pass(() => publisher.send(batch)),
      close: () => publisher.close(),
    };
    return {
      pool: Object.create(pool, { query: { value: query } }) as pg.Pool,
      publisher: failing,
      random: shortWaits,
    };
  }

  async #pass<T>(call: () => Promise<T>): Promise<T> {
    if (++this.calls !== this.#nth) return call();
    if (this.#when === 'after') await call();
    throw new Error(`Failpoint: call ${this.#nth}`);
  }
}
