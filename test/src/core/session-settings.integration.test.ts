import assert from 'node:assert/strict';
import { test } from 'node:test';
import pg from 'pg';
import { sessionKind } from '../../../src/core/session-settings.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createDatabase } from '../../support/database.ts';

const OURS = {
  statement_timeout: '0',
  lock_timeout: '3s',
  idle_in_transaction_session_timeout: '4s',
  idle_session_timeout: '0',
  default_transaction_read_only: 'off',
  row_security: 'off',
  DateStyle: 'ISO, MDY',
  wal_sender_timeout: '9s',
};
const OTHERS = [
  'search_path=app',
  'statement_timeout=5000',
  'lock_timeout=0',
  'wal_sender_timeout=0',
  'row_security=on',
  'DateStyle=German',
];

for (const replication of [undefined, 'database']) {
  test(`what a session of ours depends on wins over the URL, and all else of the URL stays${replication ? ', for replication too' : ''}`, async (t) => {
    const { url, name, pool } = await createDatabase(t);
    await pool.query(`ALTER DATABASE ${name} SET default_transaction_read_only TO on`);
    const options = OTHERS.map((setting) => `-c ${setting}`).join(' ');
    const { config, prepare } = sessionKind({
      url: `${url}?options=${encodeURIComponent(options)}&lock_timeout=1&application_name=theirs`,
      applicationName: 'ours',
      connectTimeoutMs: 5_000,
      lockTimeoutMs: 3_000,
      idleInTransactionTimeoutMs: 4_000,
      settings: { wal_sender_timeout: '9000' },
    });
    const client = new pg.Client({ ...config, ...({ replication } as object) });
    await client.connect();
    cleanup(t, () => client.end());

    await prepare(client);

    const expected = { ...OURS, search_path: 'app', application_name: 'theirs' };
    for (const [setting, value] of Object.entries(expected)) {
      const { rows } = await client.query(`SHOW ${setting}`);
      assert.deepEqual(Object.values(rows[0]), [value], setting);
    }
  });
}
