import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { freePort } from '../../../dev/free-port.ts';
import { connectionConfig, signInUrl } from '../../../src/core/database-auth.ts';
import { startChild } from '../../support/child-process.ts';
import { cleanup } from '../../support/cleanup.ts';
import { createCluster } from '../../support/cluster.ts';
import { runOutboxIn } from '../../support/outbox-command.ts';
import { createBus, insertEvent, untilArrived } from '../../support/relay.ts';
import { openTokenServer, type TokenServer } from '../../support/token-server.ts';
import { until } from '../../support/until.ts';
import { startRelayProcess } from '../support/relay-process.ts';

// As in Azure, PostgreSQL asks for the token in clear text. A token that lives for seconds is asked for with each connection.

interface EntraServer {
  /** Without a password. */
  readonly url: string;
  readonly pool: pg.Pool;
  readonly tokens: TokenServer;
  /** From now on another token is the password, and no earlier one. */
  mint(): Promise<void>;
  /** Ends every connection of the role. */
  cutAll(): Promise<void>;
}

const ROLE = 'order_service';

async function openEntraServer(t: TestContext, livesForSeconds = 5): Promise<EntraServer> {
  const { postgres, pool, url } = await createCluster(t);
  const tokens = await openTokenServer(t);
  await pool.query(`CREATE ROLE ${ROLE} LOGIN SUPERUSER REPLICATION`);
  writeFileSync(
    join(postgres.dataDir, 'pg_hba.conf'),
    'host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 password\n',
  );
  await pool.query('SELECT pg_reload_conf()');
  let minted = 0;
  const server: EntraServer = {
    url: Object.assign(new URL(url), { username: ROLE, password: '' }).href,
    pool,
    tokens,
    async mint() {
      const token = `token-${++minted}`;
      await pool.query(`ALTER ROLE ${ROLE} PASSWORD '${token}'`);
      tokens.answer = { token, livesForSeconds };
    },
    async cutAll() {
      await pool.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [ROLE]);
    },
  };
  return server;
}

/** This process has the identity of these tokens. */
function takeIdentity(t: TestContext, { env }: TokenServer): void {
  const before = Object.keys(env).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, env);
  cleanup(t, () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}

test('api, relay, migrations, outbox command and doctor sign in with the token of the moment, and again after it has changed', async (t) => {
  const server = await openEntraServer(t);
  const { pool, tokens } = server;
  await server.mint();
  const bus = await createBus(t);
  const env = { DATABASE_URL: server.url, DATABASE_AUTH: 'entra', ...tokens.env };
  const port = await freePort();
  const api = startChild(t, ['--import', './src/db/drizzle-resolution.ts', 'src/main.ts'], {
    ...env,
    HOST: '127.0.0.1',
    PORT: String(port),
  });
  const relay = await startRelayProcess(t, { url: server.url, bus }, env);
  await api.logged('Ready');
  await insertEvent(pool, 'First');
  await untilArrived(bus, 1);

  await server.mint();
  await server.cutAll();
  await insertEvent(pool, 'Second');
  await untilArrived(bus, 2);
  await until('the api is ready', async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok);
  const migrate = startChild(
    t,
    ['--import', './src/db/drizzle-resolution.ts', 'src/db/migrate/main.ts'],
    env,
  );
  const migrated = await migrate.exited;
  const status = await runOutboxIn({ ...env, RELAY_SLOT: 'orders' }, 'status');
  const doctor = startChild(t, ['doctor/main.ts'], { ...env, RELAY_SLOT: 'orders', PORT: String(port) });
  await doctor.exited;

  assert.equal(migrated, 0, migrate.stderr());
  assert.match(status.stdout, /streaming: a relay has the slot/, status.stderr);
  assert.match(JSON.stringify(doctor.logs), /order_service at 127\.0\.0\.1/);
  assert.equal(await relay.stop(), 0);
});

test('one request serves a crowd of connections, and those that live outlive their token', async (t) => {
  const server = await openEntraServer(t, 3_600);
  takeIdentity(t, server.tokens);
  await server.mint();
  const crowd = new pg.Pool({ ...connectionConfig(signInUrl(server.url, 'entra'), 10_000), max: 8 });
  cleanup(t, () => crowd.end());

  const clients = await Promise.all(Array.from({ length: 8 }, () => crowd.connect()));
  await server.mint();
  const answers = await Promise.all(clients.map((client) => client.query('SELECT current_user AS role')));
  for (const client of clients) client.release();

  assert.equal(server.tokens.asked, 1);
  assert.deepEqual(new Set(answers.map(({ rows }) => rows[0].role)), new Set([ROLE]));
});

test('a relay without an identity says so and what to do, and goes on once it has one', async (t) => {
  const server = await openEntraServer(t);
  const bus = await createBus(t);
  await insertEvent(server.pool, 'Waiting');

  const env = { DATABASE_AUTH: 'entra', ...server.tokens.env };
  const relay = await startRelayProcess(t, { url: server.url, bus }, env);
  const told = await until('the relay tells it, and has tried again', () => {
    const lines = relay.lines.filter((line) => line.includes('No token of Entra ID for PostgreSQL'));
    return lines.length > 1 && lines[0];
  });
  await server.mint();

  await untilArrived(bus, 1);
  assert.match(told, /AZURE_CLIENT_ID.*docs\/azure\.md/);
});

test('a command without an identity fails with the reason', async (t) => {
  const server = await openEntraServer(t);
  const env = { DATABASE_URL: server.url, DATABASE_AUTH: 'entra', ...server.tokens.env };

  const status = await runOutboxIn(env, 'status');
  const migrate = startChild(
    t,
    ['--import', './src/db/drizzle-resolution.ts', 'src/db/migrate/main.ts'],
    env,
  );

  assert.equal(status.code, 1);
  assert.match(status.stderr, /No token of Entra ID for PostgreSQL/);
  assert.equal(await migrate.exited, 1);
  assert.match(migrate.stderr(), /db:migrate failed: No token of Entra ID for PostgreSQL/);
});
