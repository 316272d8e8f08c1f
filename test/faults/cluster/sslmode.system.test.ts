import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { npmScript } from '../../../dev/npm-script.ts';
import { createLogger } from '../../../src/core/log.ts';
import { openPool } from '../../../src/core/pool.ts';
import { CERTIFICATES } from '../../support/certificates/files.ts';
import { startChild } from '../../support/child-process.ts';
import { type Cluster, createCluster } from '../../support/cluster.ts';
import { runOutbox } from '../../support/outbox-command.ts';
import { presentCertificate } from '../../support/present-certificate.ts';
import { createBus, insertEvent, untilArrived } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { startRelayProcess } from '../support/relay-process.ts';

// Every sslmode, to servers that can and cannot be trusted. https://node-postgres.com/features/ssl

type Server = 'without TLS' | 'trusted' | 'of another host';

const ENDS: (() => Promise<void>)[] = [];
const servers = {} as Record<Server, Cluster>;

before(async () => {
  const scope = { after: (end: () => Promise<void>) => void ENDS.push(end) };
  for (const [name, certificate] of [
    ['without TLS', undefined],
    ['trusted', 'server'],
    ['of another host', 'elsewhere'],
  ] as const) {
    const cluster = await createCluster(scope);
    if (certificate)
      await presentCertificate({ dataDir: cluster.postgres.dataDir, pool: cluster.pool }, certificate);
    servers[name] = cluster;
  }
});

after(async () => {
  for (const end of ENDS.reverse()) await end();
});

const CA = `&sslrootcert=${CERTIFICATES.ca}`;
const OTHER_CA = `&sslrootcert=${CERTIFICATES.otherCa}`;
const LIBPQ = '&uselibpqcompat=true';
const NO_TLS = /does not support SSL/;
const UNKNOWN = /unable to verify the first certificate|self-signed/;
const OTHER_HOST = /does not match certificate's altnames/;

type Outcome = 'plain' | 'encrypted' | RegExp;

/** As pg has them: what encrypts verifies as verify-full does, unless the URL asks for libpq's meaning. */
const VERIFIES: [string, Record<Server, Outcome>][] = [
  [CA, { 'without TLS': NO_TLS, trusted: 'encrypted', 'of another host': OTHER_HOST }],
  [OTHER_CA, { 'without TLS': NO_TLS, trusted: UNKNOWN, 'of another host': UNKNOWN }],
  ['', { 'without TLS': NO_TLS, trusted: UNKNOWN, 'of another host': UNKNOWN }],
];
const ENCRYPTS = { 'without TLS': NO_TLS, trusted: 'encrypted', 'of another host': 'encrypted' } as const;
const PLAIN = { 'without TLS': 'plain', trusted: 'plain', 'of another host': 'plain' } as const;

const CASES: [string, Record<Server, Outcome>][] = [
  ['', PLAIN],
  ['?sslmode=disable', PLAIN],
  ...['allow', 'prefer', 'require', 'verify-ca', 'verify-full'].flatMap((mode) =>
    VERIFIES.map(([rest, outcomes]): [string, Record<Server, Outcome>] => [
      `?sslmode=${mode}${rest}`,
      outcomes,
    ]),
  ),
  ['?sslmode=no-verify', ENCRYPTS],
  [`?sslmode=prefer${LIBPQ}`, ENCRYPTS],
  [`?sslmode=require${LIBPQ}`, ENCRYPTS],
  [`?sslmode=require${CA}${LIBPQ}`, ENCRYPTS],
  [`?sslmode=verify-ca${CA}${LIBPQ}`, ENCRYPTS],
  [`?sslmode=verify-ca${OTHER_CA}${LIBPQ}`, { ...VERIFIES[1]?.[1] } as Record<Server, Outcome>],
  [`?sslmode=verify-full${CA}${LIBPQ}`, { ...VERIFIES[0]?.[1] } as Record<Server, Outcome>],
];

for (const [query, outcomes] of CASES) {
  test(`${query.replaceAll(/=[^&]*\//g, '=') || 'no sslmode'}: to a server of each kind`, async (t) => {
    const warnings: string[] = [];
    const hear = (warning: Error) => warnings.push(warning.message);
    process.on('warning', hear);
    t.after(() => process.off('warning', hear));

    for (const [server, outcome] of Object.entries(outcomes) as [Server, Outcome][]) {
      const asked = askWhetherEncrypted(`${servers[server].url}${query}`);
      if (outcome instanceof RegExp) await assert.rejects(asked, outcome, server);
      else assert.equal(await asked, outcome === 'encrypted', server);
    }

    assert.deepEqual(warnings, []);
  });
}

test('with sslmode=require and a CA every process and command is encrypted, and says nothing of it', async (t) => {
  const { url, pool, postgres } = servers.trusted;
  const encrypted = `${url}?sslmode=require${CA}`;
  const bus = await createBus(t);
  await pool.query(`CREATE DATABASE empty`);

  const api = startChild(t, npmScript('api').args, { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: encrypted });
  await api.logged('Ready');
  const relay = await startRelayProcess(t, { url: encrypted, bus });
  await insertEvent(pool, 'Encrypted');
  await untilArrived(bus, 1);
  const sessions = await until('all connections are there', async () => {
    const { rows } = await pool.query(
      `SELECT regexp_replace(application_name, ' [0-9a-f]{4} .*', ' SLOT') AS name, bool_and(ssl) AS ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
       WHERE application_name ~ '^(OrderService|relay)' GROUP BY 1 ORDER BY 1`,
    );
    return rows.length >= 4 && rows;
  });
  const list = await runOutbox(encrypted, 'list');
  const migrate = spawnSync('npm', ['run', '--silent', 'db:migrate'], {
    env: { ...process.env, DATABASE_URL: `${postgres.url('empty')}?sslmode=require${CA}` },
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });

  assert.deepEqual(sessions, [
    { name: 'OrderService', ssl: true },
    { name: 'relay', ssl: true },
    { name: 'relay SLOT', ssl: true },
    { name: 'relay lease', ssl: true },
  ]);
  assert.deepEqual([list.code, list.stderr], [0, '']);
  assert.equal(migrate.status, 0, migrate.stderr);
  assert.doesNotMatch(migrate.stderr, /SSL|warning/i);
  api.signal('SIGTERM');
  assert.equal(await api.exited, 0);
  assert.equal(api.stderr(), '');
  assert.equal(await relay.stop(), 0);
  assert.doesNotMatch(relay.lines.join('\n'), /SECURITY WARNING/);
});

async function askWhetherEncrypted(url: string): Promise<boolean> {
  const log = createLogger({ level: 'silent', service: 'test' });
  const pool = openPool({ url, max: 1, applicationName: 'test', log });
  try {
    const { rows } = await pool.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    return rows[0].ssl;
  } finally {
    await pool.end();
  }
}
