import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasUnsettled } from '../../../relay/outbox/has-unsettled.ts';
import { createDatabase } from '../../support/database.ts';
import { OUTBOX } from '../../support/outbox-table.ts';
import { connect, insertEvent, insertEvents } from '../../support/relay.ts';

test('whether anything is unsettled is answered in time, however many settled rows an open snapshot keeps in the index', async (t) => {
  const { url, pool } = await createDatabase(t);
  const reader = await connect(t, url);
  await insertEvents(pool, 40_000, () => ({ type: 'Settled' }));
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM orders');
  await pool.query('UPDATE outbox SET processed_at = now()');

  assert.equal(await hasUnsettled(pool, OUTBOX, 1), true, 'not known in time');
  assert.equal(await hasUnsettled(pool, OUTBOX, 60_000), false);
  await insertEvent(pool, 'Unsettled');
  assert.equal(await hasUnsettled(pool, OUTBOX, 60_000), true);
  const { rows } = await pool.query('SHOW statement_timeout');
  assert.deepEqual(rows, [{ statement_timeout: '0' }]);
});
