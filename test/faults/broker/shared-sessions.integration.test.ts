import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { createBus, startRelay, untilAllMarked, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';

test('what shares a session keeps the order of the commits, whoever wrote it and whatever is refused meanwhile', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = await createBus(t, { sessions: true });
  const relay = startRelay(t, { url, bus, sessions: true });
  await untilStreaming(relay);
  const busy = bus.faults.inject({ kind: 'busy', probability: 0.5, seed: 3, times: 1 });
  // A message of no order is a session of its own: that of its id, which another's order may be called.
  const shared = [randomUUID(), randomUUID()];

  for (const id of shared) {
    await pool.query(
      `INSERT INTO outbox (message_id, message_type, message_body) VALUES ($1, 'Loose', '{"n":0}')`,
      [id],
    );
  }
  for (let n = 1; n <= 30; n++) {
    for (const type of ['OrderChanged', 'InvoiceChanged']) {
      await pool.query(
        `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id)
         VALUES (gen_random_uuid(), $1, jsonb_build_object('n', $2::int), $3)`,
        [type, n, shared[n % 2]],
      );
    }
  }
  await until('it has been refused', () => busy.hits === 1);
  await untilAllMarked(pool);

  for (const [index, id] of shared.entries()) {
    const arrived = bus.journal
      .entries()
      .filter(({ sessionId }) => sessionId === id)
      .map(({ subject, body }) => `${subject} ${body.toString()}`);
    const own = Array.from({ length: 30 }, (_, n) => n + 1).filter((n) => n % 2 === index);
    assert.deepEqual(arrived, [
      'Loose {"n": 0}',
      ...own.flatMap((n) => [`OrderChanged {"n": ${n}}`, `InvoiceChanged {"n": ${n}}`]),
    ]);
  }
});
