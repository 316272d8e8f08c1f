import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import pg from 'pg';
import { openPostgres } from '../../dev/postgres.ts';
import { cleanup } from '../support/cleanup.ts';
import { until } from '../support/until.ts';

test('a PostgreSQL that is killed is told, and can be started again; one that is stopped is not told', async (t) => {
  const ends: (number | string)[] = [];
  const copyOf = process.env['TEST_POSTGRES_DATA'];
  const postgres = await openPostgres({
    ...(copyOf !== undefined && { copyOf }),
    onEnded: (how) => ends.push(how),
  });
  cleanup(t, () => postgres.close());

  const [pid] = readFileSync(join(postgres.dataDir, 'postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGKILL');
  await until('its end is told', () => ends.length > 0);
  await postgres.start();

  const client = new pg.Client({ connectionString: postgres.url('postgres') });
  await client.connect();
  await client.end();
  await postgres.stop();
  assert.deepEqual(ends, ['SIGKILL']);
});
