import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';

test('durable commits are durable whatever the database is set to, and otherwise its setting holds', async (t) => {
  const { url, name, pool } = await createDatabase(t);
  await pool.query(`ALTER DATABASE ${name} SET synchronous_commit TO off`);
  const log = createLogger({ level: 'silent', service: 'test' });

  for (const durableCommits of [true, false]) {
    const opened = openPool({ url, max: 2, applicationName: 'test', log, durableCommits });
    cleanup(t, () => opened.end());
    const settings = await Promise.all([1, 2].map(() => opened.query('SHOW synchronous_commit')));

    const expected = { synchronous_commit: durableCommits ? 'on' : 'off' };
    assert.deepEqual(
      settings.flatMap(({ rows }) => rows),
      [expected, expected],
    );
  }
});
