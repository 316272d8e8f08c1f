import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'drizzle-orm';
import { ConnectionGate } from '../../../src/admission/connection-gate.ts';
import { limitsOf } from '../../../src/admission/limits.ts';
import { Refusals } from '../../../src/admission/refusals.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { read } from '../../../src/db/reader.ts';
import { createDatabase } from '../../support/database.ts';

const log = createLogger({ level: 'silent', service: 'test' });

test('who waits for a connection asks the server before the read that had it is answered', async (t) => {
  const { url } = await createDatabase(t);
  const pool = openPool({ url, max: 1, applicationName: 'one', log });
  t.after(() => pool.end());
  const { reading } = new ConnectionGate(pool, limitsOf(1), new Refusals(log));
  const order: string[] = [];
  const readOne = async (name: string) => {
    await read(reading, (db) => {
      order.push(`${name} asks`);
      return db.execute(sql`select 1`);
    });
    order.push(`${name} is answered`);
  };

  await Promise.all([readOne('the first'), readOne('the second')]);

  assert.deepEqual(order, [
    'the first asks',
    'the second asks',
    'the first is answered',
    'the second is answered',
  ]);
});
