import assert from 'node:assert/strict';
import { randomUUIDv7 } from 'node:crypto';
import { test } from 'node:test';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { inTransaction } from '../../../src/db/transaction.ts';
import { appendToOutbox } from '../../../src/outbox/outbox-writer.ts';
import { createDatabase } from '../../support/database.ts';

test('the major of an event is in its metadata, from which it is a property, unless it is the first', async (t) => {
  const { url, pool } = await createDatabase(t);
  const log = createLogger({ level: 'silent', service: 'test' });
  const own = openPool({ url, max: 1, applicationName: 'test', log });
  t.after(() => own.end());
  const contextOf = (metadata: Record<string, string>) => ({
    messageId: randomUUIDv7(),
    correlationId: 'req-123',
    causationId: undefined,
    userId: undefined,
    metadata,
    trace: undefined,
  });
  const event = { type: 'OrderCreated', aggregateId: 'a', body: {} };

  await inTransaction({ connect: () => own.connect() }, (db) =>
    appendToOutbox(
      db,
      [
        { event, context: contextOf({}) },
        { event: { ...event, schemaVersion: 2 }, context: contextOf({ tenant: 't1' }) },
      ],
      new Date(),
    ),
  );

  const { rows } = await pool.query('SELECT metadata FROM outbox ORDER BY position');
  assert.deepEqual(rows, [{ metadata: null }, { metadata: { tenant: 't1', schemaVersion: 2 } }]);
});
