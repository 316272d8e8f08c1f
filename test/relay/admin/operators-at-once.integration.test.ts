import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type pg from 'pg';
import { dropMessage, replayPublished, retryMessage } from '../../../relay/admin/outbox-admin.ts';
import { findMessage, messageState } from '../../../relay/admin/outbox-inspection.ts';
import { PublishError } from '../../../relay/publishing/publish-error.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import {
  arrivals,
  connect,
  insertEvent,
  startRelay,
  untilAllMarked,
  untilStreaming,
} from '../../support/relay.ts';
import { until } from '../../support/until.ts';

// What operators do at the same time, and while the relay is sending.

const REFUSED = { kind: 'poison', code: 'MessageSizeExceeded' } as const;
const EVER = { from: '2000-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };

/** A relay, and a broker that can never take messages of type Bad until `heal`. */
async function setUp(t: TestContext) {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const refuse = (batch: readonly { messageType: string }[]) =>
    batch.some(({ messageType }) => messageType === 'Bad') ? new PublishError('no', REFUSED) : undefined;
  bus.refuse = refuse;
  const relay = startRelay(t, { url, bus });
  await untilStreaming(relay);
  const heal = () => {
    bus.refuse = () => undefined;
  };
  const sick = () => {
    bus.refuse = refuse;
  };
  const stateOf = async (id: string) => {
    const message = await findMessage(pool, OUTBOX, id);
    return message ? messageState(message) : 'absent';
  };
  const untilState = (id: string, state: string) =>
    until(`it is ${state}`, async () => (await stateOf(id)) === state);
  /** One that is parked, and one that waits behind it. */
  const parkOne = async (aggregateId: string) => {
    const parked = await insertEvent(pool, 'Bad', { aggregateId });
    const behind = await insertEvent(pool, 'Behind', { aggregateId });
    await untilState(parked, 'parked');
    await untilState(behind, 'waiting');
    return { parked, behind };
  };
  const timesSent = (id: string) => bus.accepted.filter(({ messageId }) => messageId === id).length;
  return { url, pool, bus, relay, heal, sick, stateOf, untilState, parkOne, timesSent };
}

describe('what is being sent again', () => {
  test('cannot be dropped as never sent, nor can what goes with it, and the row says that it was published', async (t) => {
    const { pool, bus, heal, stateOf, untilState, parkOne } = await setUp(t);
    const { parked, behind } = await parkOne('o1');
    heal();
    const { begun, free } = holdSends(t, bus);
    await retryMessage(pool, OUTBOX, parked);
    await begun;

    const refusal = {
      code: 'MESSAGE_NOT_PARKED',
      message: /being sent again: should it be refused, it is parked again and can be dropped then/,
    };
    await assert.rejects(dropMessage(pool, OUTBOX, parked, 'not needed'), refusal);
    await assert.rejects(dropMessage(pool, OUTBOX, behind, 'not needed'), refusal);
    free();
    await untilState(behind, 'published');

    assert.equal(await stateOf(parked), 'published');
    const message = await findMessage(pool, OUTBOX, parked);
    assert.deepEqual([message?.droppedAt, message?.errorMessage], [null, null]);
    assert.deepEqual(
      arrivals(bus).map(([subject]) => subject),
      ['Bad', 'Behind'],
    );
  });

  test('is parked again when it is refused, and can be dropped then', async (t) => {
    const { pool, stateOf, untilState, parkOne, timesSent } = await setUp(t);
    const { parked, behind } = await parkOne('o1');
    await retryMessage(pool, OUTBOX, parked);
    await untilState(parked, 'parked');

    await dropMessage(pool, OUTBOX, parked, 'not needed');
    await untilState(behind, 'published');

    assert.deepEqual([await stateOf(parked), timesSent(parked)], ['dropped', 0]);
  });

  test('and is dropped by hand all the same keeps the reason beside the time of its publishing', async (t) => {
    const { pool, bus, untilState } = await setUp(t);
    const { begun, free } = holdSends(t, bus);
    const id = await insertEvent(pool, 'Slow');
    await begun;
    await pool.query(`UPDATE outbox SET dropped_at = now(), error_message = 'by hand'`);
    free();
    await untilState(id, 'published');

    assert.equal((await findMessage(pool, OUTBOX, id))?.errorMessage, 'by hand');
  });
});

test('what waits is not dropped between the retry of what it waits for and its sending', async (t) => {
  const { url, pool, heal, stateOf, untilState, parkOne, timesSent } = await setUp(t);
  const { parked, behind } = await parkOne('o1');
  const other = await connect(t, url);
  heal();

  // The retry has not committed while the drop looks at it.
  await other.query('BEGIN');
  await retryMessage(other as unknown as pg.Pool, OUTBOX, parked);
  const dropped = dropMessage(pool, OUTBOX, behind, 'not needed').then(
    () => 'dropped',
    () => 'refused',
  );
  await untilWaiting(pool);
  await other.query('COMMIT');

  assert.equal(await dropped, 'refused');
  await untilState(behind, 'published');
  assert.deepEqual([await stateOf(behind), timesSent(behind)], ['published', 1]);
});

test('whatever two operators do to the same messages at once, each is sent or dropped, and told as it is', async (t) => {
  const { pool, heal, sick, stateOf, untilState, parkOne, timesSent } = await setUp(t);
  const pairs = [
    ['retry', 'retry'],
    ['retry', 'drop'],
    ['drop', 'retry'],
    ['drop', 'drop'],
    ['retry', 'drop behind'],
    ['drop behind', 'retry'],
    ['drop', 'drop behind'],
    ['drop behind', 'drop behind'],
  ] as const;
  for (const [index, pair] of [...pairs, ...pairs, ...pairs].entries()) {
    sick();
    const { parked, behind } = await parkOne(`o${index}`);
    heal();
    const does = {
      retry: () => retryMessage(pool, OUTBOX, parked),
      drop: () => dropMessage(pool, OUTBOX, parked, 'not needed'),
      'drop behind': () => dropMessage(pool, OUTBOX, behind, 'not needed'),
    };
    const outcomes = await Promise.allSettled(pair.map((what) => does[what]()));
    const done = pair.filter((_, at) => outcomes[at]?.status === 'fulfilled');
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'MESSAGE_NOT_PARKED');
    }
    assert.ok(done.length > 0 && new Set(done).size === done.length, done.join());
    assert.ok(!(done.includes('retry') && done.includes('drop')), done.join());
    if (!done.includes('retry') && !done.includes('drop'))
      await dropMessage(pool, OUTBOX, parked, 'to go on');

    const expected = { parked: done.includes('retry'), behind: !done.includes('drop behind') };
    await untilState(parked, expected.parked ? 'published' : 'dropped');
    await untilState(behind, expected.behind ? 'published' : 'dropped');
    assert.deepEqual(
      [timesSent(parked), timesSent(behind)],
      [Number(expected.parked), Number(expected.behind)],
      done.join(),
    );
    assert.equal(await stateOf(parked), expected.parked ? 'published' : 'dropped');
  }
});

describe('replay', () => {
  test('and retry at once send all that was published again, and what was parked in its order', async (t) => {
    const { pool, bus, relay, heal, sick, parkOne, timesSent } = await setUp(t);
    for (let round = 0; round < 6; round++) {
      sick();
      const order = `o${round}`;
      const first = await insertEvent(pool, 'First', { aggregateId: order });
      const { parked } = await parkOne(order);
      heal();
      const { recoveries } = relay.monitor.counts;
      const replay = () => Array.fromAsync(replayPublished(pool, OUTBOX, EVER));
      const retry = () => retryMessage(pool, OUTBOX, parked);
      await Promise.all(round % 2 === 0 ? [replay(), retry()] : [retry(), replay()]);
      await until('the table is settled anew', () => relay.monitor.counts.recoveries > recoveries);
      await untilAllMarked(pool);

      const sent = bus.accepted.filter(({ aggregateId }) => aggregateId === order);
      const firstTimes = [...new Set(sent.map(({ messageType }) => messageType))];
      assert.deepEqual(firstTimes, ['First', 'Bad', 'Behind']);
      assert.equal(timesSent(first), 2);
    }
  });

  test('twice at once sends each message again once', async (t) => {
    const { url, pool } = await createDatabase(t);
    const other = await connect(t, url);
    for (let n = 0; n < 50; n++) await insertEvent(pool, `E${n}`);
    await pool.query('UPDATE outbox SET processed_at = now()');

    await other.query('BEGIN');
    const first = await Array.fromAsync(replayPublished(other as unknown as pg.Pool, OUTBOX, EVER));
    const second = Array.fromAsync(replayPublished(pool, OUTBOX, EVER));
    await untilWaiting(pool);
    await other.query('COMMIT');

    assert.deepEqual([first, await second], [[50], []]);
  });
});

async function untilWaiting(pool: pg.Pool): Promise<void> {
  await until('one operator waits for the other', async () => {
    const { rowCount } = await pool.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rowCount === 1;
  });
}

/** `begun` is fulfilled by the next send, which waits until `free`. */
function holdSends(t: TestContext, bus: MemoryPublisher) {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  bus.before = () => {
    begun.resolve();
    return held.promise;
  };
  cleanup(t, async () => held.resolve()); // or a relay that is stopped would wait for it
  return { begun: begun.promise, free: () => held.resolve() };
}
