import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { Publisher } from '../../../relay/publishing/publisher.ts';
import type { RelayDeps } from '../../../relay/relay.ts';
import { createDatabase } from '../../support/database.ts';
import { createBus, insertEvent, startRelay, untilArrived, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { checkDelivery } from '../support/delivery.ts';
import { BACKLOG, BATCH, startPair } from './pair.ts';

/** Three quarters of what the server waits for a relay, and a little. */
const LEASE_RUN_OUT_MS = 7_000;

/**
 * The first relay is stopped until the second has its slot; then it goes on, with a backlog, and with the broker's answer to its
 * last batch in its socket.
 */
async function comeBack(t: TestContext, options: { duplicateWindowMs: number }): Promise<void> {
  const { pool, bus, first, second, slow } = await startPair(t, options);
  slow.heal();
  // What is in the hands of the SDK may still go out after the return: at this moment there is nothing.
  const answerLate = bus.faults.inject({ kind: 'latency', delayMs: 5_000 });
  const { total } = bus.journal;
  await until('the broker has the batch under way', () => bus.journal.total > total);

  process.kill(first.process.pid, 'SIGSTOP');
  answerLate.heal();
  await second.untilState('streaming');
  // At once: ten seconds after its begin the send under way ends, and its answer would not be waited for any more.
  const sentBefore = first.sent();
  process.kill(first.process.pid, 'SIGCONT');
  await first.untilState('standby');
  const repeats = await checkDelivery(pool, bus);
  const epoch = (await second.status())?.epoch;

  assert.equal(first.sent(), sentBefore);
  // What was accepted and not marked yet, from the second one.
  assert.ok(repeats.length <= 3 * BATCH, `${repeats.length} repeats`);
  assert.ok(repeats.every(({ duplicate }) => duplicate === options.duplicateWindowMs > 0));
  const { rows } = await pool.query<{ epoch: string }>('SELECT epoch FROM relay_progress');
  assert.deepEqual(rows, [{ epoch: String(epoch) }]);
  t.diagnostic(`${repeats.length} of ${BACKLOG} came again from the second relay`);
}

describe('a relay that comes back after another one has taken its slot', { concurrency: 2 }, () => {
  test('begins no send', (t) => comeBack(t, { duplicateWindowMs: 0 }));

  test('begins none where the broker detects duplicates either', (t) =>
    comeBack(t, { duplicateWindowMs: 600_000 }));
});

test('a send is not begun after the event loop was blocked, although nothing has noticed that yet', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t);
  const begunIn: number[] = [];
  let block = false;
  const parts = ({ publisher, monitor }: RelayDeps): { publisher: Publisher } => ({
    publisher: {
      name: publisher.name,
      limits: publisher.limits,
      destinations: publisher.destinations,
      prepare: (message) => publisher.prepare(message),
      close: () => publisher.close(),
      async connect(...to) {
        await publisher.connect(...to);
        if (block) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LEASE_RUN_OUT_MS);
        block = false;
      },
      send(batch) {
        begunIn.push(monitor.counts.sessions);
        return publisher.send(batch);
      },
    },
  });
  const relay = startRelay(t, { url, bus, parts });
  await untilStreaming(relay);
  await insertEvent(pool, 'Before');
  await untilArrived(bus, 1);

  block = true;
  await insertEvent(pool, 'Blocked');
  await untilArrived(bus, 2);

  assert.deepEqual(await checkDelivery(pool, bus), []);
  assert.deepEqual(begunIn, [1, 2]);
});
