import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openIssuer } from '../../dev/local-issuer.ts';
import { fillWal } from '../faults/support/fill-wal.ts';
import { openPgBouncer, PGBOUNCERS, runbookSettings } from '../faults/support/pgbouncer.ts';
import { cleanup } from '../support/cleanup.ts';
import { createCluster } from '../support/cluster.ts';
import { createDatabase, EMPTY } from '../support/database.ts';
import { migrateHere } from '../support/migrated-database.ts';
import { until } from '../support/until.ts';
import { assertFound, examined } from './support.ts';

// What a whole server, or what stands before it, can be like. There is no broker: the doctor says so, and looks on.

const RELAY = 'for the relay';
const API = 'for the api';
const NO_BROKER = {
  SERVICEBUS_CONNECTION_STRING:
    'Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true',
};

test('it names each setting without which nothing can stream', async (t) => {
  const { url } = await createCluster(t, {
    wal_level: 'replica',
    max_wal_senders: '0',
    max_replication_slots: '0',
  });

  const found = await look(url);

  const at = { of: RELAY, verdict: 'wrong' } as const;
  const { command } = assertFound(found, { ...at, check: 'wal_level', reason: /it is replica/ });
  assert.equal(command, 'ALTER SYSTEM SET wal_level = logical;');
  assertFound(found, { ...at, check: 'max_replication_slots', reason: /all 0 slots are taken/ });
  assertFound(found, { ...at, check: 'max_wal_senders', reason: /nobody can stream/ });
});

test('it names a standby, and looks at what one can tell', async (t) => {
  const { url, postgres } = await createCluster(t);
  await postgres.stop();
  writeFileSync(join(postgres.dataDir, 'standby.signal'), '');
  await postgres.start({ hot_standby: 'on' });

  const found = await look(url);

  assertFound(found, {
    of: RELAY,
    check: 'primary',
    verdict: 'wrong',
    reason: /standby and takes no writes/,
  });
  assertFound(found, { of: RELAY, check: 'publication', verdict: 'right', reason: /passes every insert/ });
});

test('it names a slot whose WAL is gone', async (t) => {
  const { url, pool } = await createCluster(t, { max_slot_wal_keep_size: '16MB' });
  await pool.query("SELECT pg_create_logical_replication_slot('order_outbox', 'pgoutput')");
  await until('the slot is lost', async () => {
    await fillWal(pool, 32);
    await pool.query('CHECKPOINT');
    const { rowCount } = await pool.query("SELECT FROM pg_replication_slots WHERE wal_status = 'lost'");
    return rowCount === 1;
  });

  const found = await look(url);

  assertFound(found, {
    of: RELAY,
    check: 'slot',
    verdict: 'wrong',
    reason: /thrown away WAL that order_outbox needs/,
  });
  assertFound(found, { of: RELAY, check: 'WAL kept', verdict: 'wrong', reason: /WAL is lost/ });
  assertFound(found, {
    of: RELAY,
    check: 'progress',
    verdict: 'risky',
    reason: /has invalidated the replication slot/,
  });
});

test('it names an encoding in which rows may have text that cannot be sent', async (t) => {
  const { url } = await createDatabase(t, { ...EMPTY, encoding: 'SQL_ASCII' });
  await migrateHere(url);

  const found = await look(url);

  assertFound(found, { of: RELAY, check: 'encoding', verdict: 'risky', reason: /encoding SQL_ASCII/ });
});

const [pgbouncer] = PGBOUNCERS;
test('it names a pooler before the relay, and what one before the api does', {
  skip: pgbouncer?.skip,
}, async (t) => {
  assert.ok(pgbouncer);
  const { url } = await createDatabase(t);
  const pooled = await openPgBouncer(t, pgbouncer, url, runbookSettings(pgbouncer));

  const found = await look(pooled);

  assertFound(found, {
    of: RELAY,
    check: 'pooler',
    verdict: 'wrong',
    reason: /RELAY_DATABASE_URL has to go straight/,
  });
  const verdict = pgbouncer.knowsStatements ? 'right' : 'risky';
  assertFound(found, { of: API, check: 'pooler', verdict, reason: /prepared statements/ });
});

test('it asks the issuer for its keys', async (t) => {
  const { url } = await createDatabase(t);
  const issuer = await openIssuer();
  cleanup(t, () => issuer.close());
  const env = { DATABASE_URL: url, OIDC_ISSUER: issuer.url, OIDC_AUDIENCE: 'orders' };

  const right = await examined(env);
  await issuer.close();
  const away = await examined(env);

  assertFound(right, { of: 'the api', check: 'issuer', verdict: 'right', reason: /publishes \d+ keys/ });
  const wrong = {
    of: 'the api',
    check: 'issuer',
    verdict: 'wrong',
    reason: /keys of .* cannot be had/,
  } as const;
  assert.match(assertFound(away, wrong).command ?? '', /\.well-known\/openid-configuration$/);
});

function look(url: string) {
  return examined({ DATABASE_URL: url, ...NO_BROKER }, { emulatorPort: 1 });
}
