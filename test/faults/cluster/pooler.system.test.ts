import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openApp } from '../../support/app.ts';
import { createDatabase } from '../../support/database.ts';
import { tutorialOrder } from '../../support/orders.ts';
import { createBus, insertEvent, untilAllMarked, untilArrived } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { openPgBouncer, withoutPgBouncer } from '../support/pgbouncer.ts';
import { readiness, startRelayProcess } from '../support/relay-process.ts';

/** What lets the api through. */
const PERMISSIVE = {
  ignore_startup_parameters: 'statement_timeout,lock_timeout,idle_in_transaction_session_timeout',
};

describe('behind a real PgBouncer', { skip: withoutPgBouncer, concurrency: true }, () => {
  for (const [name, settings, refused] of [
    ['as it is installed', {}, 'statement_timeout'],
    ['that ignores what the api sends', PERMISSIVE, 'replication'],
  ] as const) {
    test(`${name} the relay says why it cannot stream and what to do; with a URL of its own it does`, async (t) => {
      const { url, pool } = await createDatabase(t);
      const pooled = await openPgBouncer(t, url, { pool_mode: 'transaction', ...settings });
      const bus = await createBus(t);
      await insertEvent(pool, 'Waiting');

      const behind = await startRelayProcess(t, { url: pooled, bus });
      const text = `unsupported startup parameter: ${refused} (08P01): RELAY_DATABASE_URL has to go straight to PostgreSQL`;
      const told = () => behind.lines.filter((line) => line.includes(`"msg":"${text}`));
      await until('it says why, and has tried again', () => told().length >= 2);
      assert.equal(await readiness(behind), 503);
      assert.equal(await behind.stop(), 0);
      const straight = await startRelayProcess(t, { url: pooled, bus }, { RELAY_DATABASE_URL: url });

      await untilArrived(bus, 1);
      await untilAllMarked(pool);
      assert.equal(await straight.stop(), 0);
    });
  }

  test('that ignores what the api sends and keeps a session for each client, the api works', async (t) => {
    const database = await createDatabase(t);
    const pooled = await openPgBouncer(t, database.url, { pool_mode: 'session', ...PERMISSIVE });
    const { post, cancel } = await openApp(t, { database, url: () => pooled });

    const created = await post(tutorialOrder());
    const cancelled = await cancel(created.json().orderId);

    assert.deepEqual([created.statusCode, cancelled.statusCode], [201, 200]);
  });
});
