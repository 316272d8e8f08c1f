import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { MemoryPublisher } from '../../support/memory-publisher.ts';
import { arrivals, insertEvent, startRelay, untilAllMarked } from '../../support/relay.ts';

/** What jsonb takes and JavaScript's parser would refuse, alter, or drop. */
const BODIES = [
  'null',
  '""',
  '1e400',
  '-0',
  '0.10000000000000000000000000000000001',
  '12345678901234567890123',
  '{"": {"__proto__": {"constructor": null}}}',
  '"\\u2028\\u0007 \\ud83d\\ude00"',
  `${'['.repeat(2_000)}${']'.repeat(2_000)}`,
];

/** Metadata that others may have put there. */
const METADATA = [
  '{"__proto__": "x", "": 1, "nested": {"a": [1e400]}, "none": null}',
  '{"n": 1e400, "m": -0.0}',
  '{}',
];

test('rows with odd JSON go out as they were committed, from the table and from the stream, and hold up nobody', async (t) => {
  const { url, pool } = await createDatabase(t);
  const bus = new MemoryPublisher();
  const insertAll = async () => {
    for (const body of BODIES) await insertEvent(pool, 'Odd', { aggregateId: 'o1', body });
    for (const metadata of METADATA) {
      await pool.query(
        `INSERT INTO outbox (message_id, message_type, message_body, aggregate_id, metadata)
         VALUES (gen_random_uuid(), 'OddMetadata', '{}', 'o1', $1)`,
        [metadata],
      );
    }
    await insertEvent(pool, 'Last', { aggregateId: 'o1' });
  };

  await insertAll(); // old rows, which the first start finds in the table
  startRelay(t, { url, bus });
  await untilAllMarked(pool);
  await insertAll();
  await untilAllMarked(pool);

  const { rows } = await pool.query<{ type: string; body: string }>(
    'SELECT message_type AS type, message_body::text AS body FROM outbox ORDER BY position',
  );
  assert.deepEqual(
    arrivals(bus),
    rows.map(({ type, body }) => [type, body]),
  );
  assert.equal(rows.length, 2 * (BODIES.length + METADATA.length + 1));
});
