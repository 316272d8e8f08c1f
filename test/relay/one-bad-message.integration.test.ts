import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type pg from 'pg';
import type { OutboxMessage } from '../../relay/outbox/outbox-message.ts';
import { PublishError } from '../../relay/publishing/publish-error.ts';
import { createDatabase } from '../support/database.ts';
import { MemoryPublisher } from '../support/memory-publisher.ts';
import {
  arrivals,
  createBus,
  insertEvent,
  startRelay,
  untilAllMarked,
  untilArrived,
  untilStreaming,
} from '../support/relay.ts';
import { until } from '../support/until.ts';

// What is wrong with one message or one order delays nobody else, is seen, and is never lost.

interface Bad {
  readonly name: string;
  readonly row: { metadata?: string; correlationId?: string; body?: string };
  readonly reason: RegExp;
}

const BAD: Bad[] = [
  {
    name: 'metadata that is nested 3,000 deep',
    row: { metadata: `{"a": ${'['.repeat(3_000)}${']'.repeat(3_000)}}` },
    reason: /cannot be converted .*call stack/,
  },
  {
    name: 'one property of 40,000 bytes',
    row: { metadata: JSON.stringify({ s: 'x'.repeat(40_000) }) },
    reason: /The property s has 40000 bytes, and Service Bus takes 32768 of one/,
  },
  {
    name: 'properties of 70,000 bytes',
    row: {
      metadata: JSON.stringify({ a: 'x'.repeat(30_000), b: 'x'.repeat(30_000), c: 'x'.repeat(10_000) }),
    },
    reason: /The properties have \d+ bytes, and Service Bus takes 64512 of all/,
  },
  {
    name: 'a body of 300,000 bytes',
    row: { body: JSON.stringify({ text: 'x'.repeat(300_000) }) },
    reason: /The message is too large: it has 30\d{4} bytes, and the entity takes 262144/,
  },
];

describe('what can never be sent is parked with the reason, its order waits behind it, and all others flow', () => {
  for (const { name, row, reason } of BAD) {
    test(name, async (t) => {
      const { url, pool } = await createDatabase(t);
      const bus = await createBus(t);
      const relay = startRelay(t, { url, bus });
      await untilStreaming(relay);

      await insertRow(pool, 'Before', 'bad');
      await insertRow(pool, 'Bad', 'bad', row);
      await insertRow(pool, 'Behind', 'bad');
      for (let n = 1; n <= 30; n++) await insertEvent(pool, `Other${n}`, { aggregateId: `o${n}` });
      await untilArrived(bus, 31);
      await untilHeld(pool, 'Behind');

      assert.match(await reasonOf(pool, 'Bad'), reason);
      assert.equal(arrivals(bus).length, 31);
      assert.equal(relay.monitor.isReady, true);
    });
  }
});

test('a message that fits by itself is sent, although a batch around it would be too large', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  startRelay(t, { url, bus });

  const body = JSON.stringify({ text: 'x'.repeat(240_000) });
  await insertRow(pool, 'Nearly', 'o1', { body, correlationId: 'c'.repeat(15_000) });
  await insertRow(pool, 'Next', 'o2');
  await untilAllMarked(pool);

  assert.equal(arrivals(bus).length, 2);
});

describe('a message that a living broker refuses for a reason that nobody knows', () => {
  test("steps aside with its order while all others flow, is parked with the broker's words, and tried again later", async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = new MemoryPublisher();
    let refusing = true;
    bus.refuse = (batch) => (refusing && batch.some(isBad) ? refused() : undefined);
    const relay = startRelay(t, { url, bus });
    await untilStreaming(relay);

    await insertRow(pool, 'Bad', 'bad');
    await insertRow(pool, 'Behind', 'bad');
    for (let n = 1; n <= 30; n++) await insertEvent(pool, `Other${n}`, { aggregateId: `o${n}` });
    await untilArrived(bus, 30);
    await untilHeld(pool, 'Behind');
    const first = await stateOf(pool, 'Bad');
    assert.deepEqual([first.parked, first.retryCount, first.error], [true, 1, 'we do not like it']);
    assert.ok(first.retryInS > 30 && first.retryInS <= 60, `again in ${first.retryInS} s`);

    // Its time has come, and it is refused again: it waits twice as long.
    await retryNow(pool);
    await until('it is parked again', async () => (await stateOf(pool, 'Bad')).retryCount === 2);
    const second = await stateOf(pool, 'Bad');
    assert.ok(
      second.parked && second.retryInS > 90 && second.retryInS <= 120,
      `again in ${second.retryInS} s`,
    );

    refusing = false;
    await retryNow(pool);
    await untilAllMarked(pool);
    assert.deepEqual(
      arrivals(bus)
        .map(([subject]) => subject)
        .slice(30),
      ['Bad', 'Behind'],
    );
    assert.equal(relay.monitor.isReady, true);
  });

  test('with sessions holds up its own session alone', async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = new MemoryPublisher({ oneOrderPerBatch: true });
    bus.refuse = (batch) => (batch.some(isBad) ? refused() : undefined);
    const relay = startRelay(t, { url, bus });
    await untilStreaming(relay);

    await insertRow(pool, 'Bad', 'bad');
    for (let n = 1; n <= 30; n++) await insertEvent(pool, `Other${n}`, { aggregateId: `o${n}` });

    await untilArrived(bus, 30);
    await until('it is parked', async () => (await stateOf(pool, 'Bad')).parked);
  });

  test('is told from a broker that refuses everything: nothing is parked, and all is sent once it takes something', async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = new MemoryPublisher();
    let tries = 0;
    bus.refuse = (batch) => (batch.length > 0 && tries++ < 9 ? refused() : undefined);
    const relay = startRelay(t, { url, bus });
    await untilStreaming(relay);

    for (let n = 1; n <= 30; n++) await insertEvent(pool, `Event${n}`, { aggregateId: `o${n}` });
    await until('it is not ready', () => !relay.monitor.isReady);
    await untilAllMarked(pool);

    assert.equal(relay.monitor.counts.parked, 0);
    assert.equal(arrivals(bus).length, 30);
  });

  test('a broker that refuses batches of what it takes one by one gets single messages from then on', async (t) => {
    const { url, pool } = await createDatabase(t);
    const bus = new MemoryPublisher();
    const sizes: number[] = [];
    bus.refuse = (batch) => {
      sizes.push(batch.length);
      return batch.length > 1 ? refused() : undefined;
    };
    const relay = startRelay(t, { url, bus });
    await untilStreaming(relay);
    const insertMany = (type: string) =>
      pool.query(
        `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
         SELECT gen_random_uuid(), $1, '{}', 'o' || n FROM generate_series(1, 20) n`,
        [type],
      );

    let sent = 0;
    const sendMany = async (type: string) => {
      await insertMany(type);
      await untilAllMarked(pool);
      sent += 20;
    };

    // On a slow machine the rows of a commit may come one by one, and then no batch is there to be refused.
    do await sendMany('First');
    while (Math.max(...sizes) === 1);
    sizes.length = 0;
    await sendMany('Second');

    assert.equal(Math.max(...sizes), 1);
    assert.equal(arrivals(bus).length, sent);
  });
});

const isBad = ({ messageType }: OutboxMessage) => messageType === 'Bad';
const refused = () => new PublishError('we do not like it', { kind: 'refused', code: 'GeneralError' });

async function insertRow(
  db: pg.Pool,
  type: string,
  aggregateId: string,
  { metadata, correlationId, body = '{}' }: Bad['row'] = {},
): Promise<void> {
  await db.query(
    `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, metadata, correlation_id)
     VALUES (gen_random_uuid(), $1, $2, $3, $4, $5)`,
    [type, body, aggregateId, metadata, correlationId],
  );
}

const untilHeld = (pool: pg.Pool, type: string) =>
  until(`${type} waits in the table`, async () => {
    const { rowCount } = await pool.query(
      'SELECT FROM outbox WHERE message_type = $1 AND deferred_at IS NOT NULL',
      [type],
    );
    return rowCount === 1;
  });

async function reasonOf(pool: pg.Pool, type: string): Promise<string> {
  const { parked, error } = await stateOf(pool, type);
  assert.equal(parked, true);
  return error ?? '';
}

async function stateOf(pool: pg.Pool, type: string) {
  const { rows } = await pool.query<{
    parked: boolean;
    retryCount: number;
    retryInS: number;
    error: string | null;
  }>(
    `SELECT parked_at IS NOT NULL AS parked, retry_count AS "retryCount", error_message AS error,
       extract(epoch FROM next_retry_at - now())::float8 AS "retryInS" FROM outbox WHERE message_type = $1`,
    [type],
  );
  return rows[0] ?? assert.fail(`no row ${type}`);
}

/** The clock is put forward for what waits to be tried again. */
async function retryNow(pool: pg.Pool): Promise<void> {
  await pool.query('UPDATE outbox SET next_retry_at = now() WHERE parked_at IS NOT NULL');
}
