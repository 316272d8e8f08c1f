import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import pg from 'pg';
import { npmScript } from '../../../dev/npm-script.ts';
import { openApp } from '../../support/app.ts';
import { type Child, startChild } from '../../support/child-process.ts';
import { cleanup } from '../../support/cleanup.ts';
import { cut, loseAnswer, onCommit } from '../../support/commit-faults.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { runOutbox } from '../../support/outbox-command.ts';
import { createBus, insertEvent, untilAllMarked, untilArrived } from '../../support/relay.ts';
import { openTcpProxy } from '../../support/tcp-proxy.ts';
import { until } from '../../support/until.ts';
import { openPgBouncer, PGBOUNCERS, runbookSettings } from '../support/pgbouncer.ts';
import { readiness, startRelayProcess } from '../support/relay-process.ts';

const AS_SHIPPED = { pool_mode: 'transaction' };
/** The only way in for who sends time limits as a connection begins. */
const PERMISSIVE = {
  ignore_startup_parameters: 'statement_timeout,lock_timeout,idle_in_transaction_session_timeout',
};
const REFUSAL =
  'A pooler such as PgBouncer answers instead of PostgreSQL: RELAY_DATABASE_URL has to go straight to PostgreSQL';

for (const pooler of PGBOUNCERS) {
  const { name, skip, knowsStatements } = pooler;

  describe(`behind a real PgBouncer, ${name}`, { skip, concurrency: 2 }, () => {
    for (const [way, settings, keepsNames] of [
      ['as it is shipped, with prepared statements off', AS_SHIPPED, false],
      ['with the ini of the runbook', runbookSettings(pooler), knowsStatements],
    ] as const) {
      test(`${way}, every request of many clients on few sessions is served, and none finds what another left`, async (t) => {
        const database = await createDatabase(t);
        const off = keepsNames || !knowsStatements ? {} : { max_prepared_statements: '0' };
        const pooled = await openPgBouncer(t, pooler, database.url, {
          ...settings,
          ...off,
          default_pool_size: '3',
        });
        const { post, cancel, request, logs } = await openApp(t, {
          database,
          url: () => pooled,
          poolOptions: { max: 9, statementTimeoutMs: 20_000 },
        });
        const before = await sessionOf(t, pooled);

        const created = await Promise.all(
          Array.from({ length: 30 }, (_, n) => post(tutorialOrder(), { 'idempotency-key': `key-${n % 20}` })),
        );
        const again = await post(tutorialOrder(), { 'idempotency-key': 'key-0' });
        const ids = [
          ...new Set(
            created.filter(({ statusCode }) => statusCode === 201).map((each) => each.json().orderId),
          ),
        ];
        const rest = await Promise.all(
          ids.flatMap((id) => [
            cancel(id),
            request({ url: `/api/orders/${id}` }),
            request({ url: `/api/orders/${id}/events` }),
            request({ url: '/api/orders?limit=5' }),
          ]),
        );

        // Two that come at once with one key: the second may be told to ask again.
        assert.deepEqual(
          created.filter(({ statusCode }) => ![201, 409].includes(statusCode)).map(({ body }) => body),
          [],
        );
        assert.equal(again.headers['idempotency-replayed'], 'true');
        assert.equal(ids.length, 20);
        assert.deepEqual([...new Set(rest.map(({ statusCode }) => statusCode))], [200]);
        assert.deepEqual(await sessionOf(t, pooled), before);
        const told = logs.filter(({ msg }) =>
          String(msg).startsWith('Connected through a transaction pooler'),
        );
        assert.equal(told.length, 1);
        assert.match(
          String(told[0]?.['msg']),
          keepsNames ? /which knows prepared/ : /does not know prepared/,
        );
        assert.equal((await preparedNames(t, pooled)).length > 0, keepsNames);
      });
    }

    test('an order that is locked elsewhere keeps no session for longer than the limits, nor after its clients have gone', async (t) => {
      const database = await createDatabase(t);
      const pooled = await openPgBouncer(t, pooler, database.url, { ...AS_SHIPPED, ...PERMISSIVE });
      const limited = await openApp(t, {
        database,
        url: () => pooled,
        poolOptions: { max: 5, statementTimeoutMs: 700 },
      });
      const { orderId } = (await limited.post(tutorialOrder())).json();
      const api = startApi(t, pooled);
      await api.logged('Ready');
      const { msg } = await api.logged('Server listening at ');
      const address = String(msg).replace('Server listening at ', '');
      const holder = await database.pool.connect();
      cleanup(t, () => holder.release(true));
      await holder.query('BEGIN; SELECT FROM orders FOR UPDATE');

      const answers = Promise.all(Array.from({ length: 5 }, () => limited.cancel(orderId)));
      await until('some wait', async () => (await waiting(database)) > 0);
      const statuses = (await answers).map(({ statusCode }) => statusCode);
      await until('none waits', async () => (await waiting(database)) === 0);
      const lost = Array.from({ length: 5 }, () =>
        fetch(`${address}/api/orders/${orderId}/cancel`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"reason":"Ordered twice"}',
        }).catch(() => undefined),
      );
      await until('those of the process wait', async () => (await waiting(database)) > 0);
      api.signal('SIGKILL');
      await Promise.all(lost);

      assert.ok(
        statuses.every((status) => status === 503 || status === 409),
        String(statuses),
      );
      await until('nobody waits for who has gone', async () => (await waiting(database)) === 0);
    });

    for (const [what, fault, status] of [
      ['before COMMIT arrives', cut, 503],
      ['before its answer arrives', loseAnswer, 201],
    ] as const) {
      test(`a connection to it that is lost ${what}: the answer says what became of the order`, async (t) => {
        const database = await createDatabase(t);
        const pooled = new URL(await openPgBouncer(t, pooler, database.url, AS_SHIPPED));
        const proxy = await openTcpProxy(t, Number(pooled.port));
        const url = () => Object.assign(pooled, { port: String(proxy.port) }).href;
        const { post, rowCounts } = await openApp(t, { database, url });
        onCommit(proxy, database.pool, fault);

        const answer = await post(tutorialOrder());

        assert.equal(answer.statusCode, status, answer.body);
        if (status === 503) assert.match(answer.json().type, /database-unavailable$/);
        assert.deepEqual(await rowCounts(), status === 503 ? [0, 0, 0] : [1, 2, 1]);
      });
    }

    test('a role with hostile settings changes nothing about what is written and read', async (t) => {
      const database = await createDatabase(t);
      for (const setting of [
        'default_transaction_read_only = on',
        'default_transaction_isolation = serializable',
        `DateStyle = 'German, DMY'`,
        `TimeZone = 'America/Caracas'`,
        `bytea_output = 'escape'`,
      ]) {
        await database.pool.query(`ALTER DATABASE ${database.name} SET ${setting}`);
      }
      const pooled = await openPgBouncer(t, pooler, database.url, AS_SHIPPED);
      const { post, request } = await openApp(t, { database, url: () => pooled });

      const created = await post(tutorialOrder());
      const { orderId, createdAt } = created.json();
      const [read, events] = await Promise.all(
        ['', '/events'].map((part) => request({ url: `/api/orders/${orderId}${part}` })),
      );

      assert.deepEqual(
        [created, read, events].map((each) => each?.statusCode),
        [201, 200, 200],
      );
      assert.equal(read?.json().createdAt, createdAt);
      assert.equal(events?.json().items[0].createdAt, createdAt);
    });

    test('options in the URL, which it does not pass on, are told with what to do instead', async (t) => {
      const { url } = await createDatabase(t);
      const pooled = await openPgBouncer(t, pooler, url, AS_SHIPPED);

      const api = startApi(t, `${pooled}?options=-c%20search_path%3Dpublic`);

      const { level, err } = await api.logged('DATABASE_URL leads to a pooler that refuses its options');
      assert.equal(level, 'error');
      assert.match((err as Error).message, /unsupported startup parameter/);
      api.signal('SIGTERM');
      assert.equal(await api.exited, 0);
    });

    for (const [way, settings] of [
      ['as it is shipped', AS_SHIPPED],
      ['with the ini of the runbook', runbookSettings(pooler)],
    ] as const) {
      test(`${way} the relay says why it cannot stream and what to do; with a URL of its own it does`, async (t) => {
        const { url, pool } = await createDatabase(t);
        const pooled = await openPgBouncer(t, pooler, url, settings);
        const bus = await createBus(t);
        await insertEvent(pool, 'Waiting');

        const behind = await startRelayProcess(t, { url: pooled, bus });
        const told = () => behind.lines.filter((line) => line.includes(`"msg":"${REFUSAL}`));
        await until('it says why, and has tried again', () => told().length >= 2);
        assert.equal(await readiness(behind), 503);
        assert.equal(await behind.stop(), 0);
        const command = await runOutbox(pooled, 'list');
        const straight = await startRelayProcess(t, { url: pooled, bus }, { RELAY_DATABASE_URL: url });

        await untilArrived(bus, 1);
        await untilAllMarked(pool);
        assert.equal(await straight.stop(), 0);
        assert.deepEqual([command.code, command.stderr], [1, `${REFUSAL}\n`]);
      });
    }

    test('that keeps a session for each client the api works', async (t) => {
      const database = await createDatabase(t);
      const pooled = await openPgBouncer(t, pooler, database.url, { pool_mode: 'session', ...PERMISSIVE });
      const { post, cancel } = await openApp(t, { database, url: () => pooled });

      const created = await post(tutorialOrder());
      const cancelled = await cancel(created.json().orderId);

      assert.deepEqual([created.statusCode, cancelled.statusCode], [201, 200]);
    });
  });
}

function startApi(t: TestContext, url: string): Child {
  return startChild(t, npmScript('api').args, { HOST: '127.0.0.1', PORT: '0', DATABASE_URL: url });
}

/** How many wait for a lock in this database. */
async function waiting({ pool }: TestDatabase): Promise<number> {
  const { rowCount } = await pool.query(
    `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rowCount ?? 0;
}

/** What others find in a session of the pooler's. */
async function sessionOf(t: TestContext, pooled: string): Promise<unknown[]> {
  return onSessions(
    t,
    pooled,
    `SELECT name, setting FROM pg_settings WHERE name ~ 'timeout$' OR name IN ('row_security', 'DateStyle', 'TimeZone', 'bytea_output')`,
  );
}

function preparedNames(t: TestContext, pooled: string): Promise<unknown[]> {
  return onSessions(t, pooled, 'SELECT name FROM pg_prepared_statements');
}

async function onSessions(t: TestContext, pooled: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: pooled });
  await client.connect();
  cleanup(t, () => client.end());
  const { rows } = await client.query(text);
  return rows;
}
