import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openSession } from '../../../doctor/database/session.ts';
import { exitCode } from '../../../doctor/report.ts';
import { startRelay, untilStreaming } from '../../support/relay.ts';
import { until } from '../../support/until.ts';
import { assertFound, examined } from '../support.ts';
import { EXPECTED_RISKS, healthySystem, RELAY, SLOT } from './healthy-system.ts';
import { connect } from './run-sql.ts';

describe('on a healthy system', () => {
  const system = healthySystem();

  test('nothing is wrong, with the roles of the documents and before a relay has begun', async () => {
    const found = await system.look();

    assert.deepEqual(found.named('wrong'), []);
    assert.deepEqual(found.named('cannot tell'), [
      'Processes on this machine: api ready',
      'Processes on this machine: relay ready',
    ]);
    assert.deepEqual(found.named('risky'), EXPECTED_RISKS);
    assert.equal(exitCode(found.findings), 0);
    assert.ok(found.findings.length > 45);
  });

  test('it names a lock that others wait for, and who holds it', async (t) => {
    const [holder, waiter] = await Promise.all([connect(system.cluster.url), connect(system.cluster.url)]);
    t.after(() => Promise.all([holder.end(), waiter.end()]));
    await holder.query('BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE');
    const { rows } = await holder.query('SELECT pg_backend_pid() AS pid');
    const waiting = waiter.query('BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE; COMMIT');

    await until(
      'somebody waits',
      async () => (await system.cluster.pool.query('SELECT FROM pg_locks WHERE NOT granted')).rowCount,
    );
    const found = await system.look();
    await holder.query('ROLLBACK');
    await waiting;

    const reason = new RegExp(`1 wait for locks of ${rows[0].pid}`);
    assertFound(found, { of: RELAY, check: 'locks', verdict: 'risky', reason });
  });

  test('with a relay that streams, slot and progress are right', async (t) => {
    const relay = startRelay(t, { url: system.env['RELAY_DATABASE_URL'] ?? '', bus: system.bus, slot: SLOT });
    await untilStreaming(relay);

    const found = await system.look();
    await relay.stop();

    assert.deepEqual(found.named('risky'), ['Who may call the api: issuer']);
    assert.deepEqual(found.named('wrong'), []);
    assertFound(found, {
      of: RELAY,
      check: 'slot',
      verdict: 'right',
      reason: /a relay streams from order_outbox/,
    });
  });

  test('it names a role that is not there, tells of nothing else, and still looks at the rest', async () => {
    const url = Object.assign(new URL(system.cluster.url), { username: 'nobody' }).href;

    const found = await examined(
      { ...system.env, RELAY_DATABASE_URL: url },
      { emulatorPort: system.bus.healthPort },
    );

    const reason = /role "nobody" does not exist .*create the role of RELAY_DATABASE_URL/;
    assertFound(found, { of: RELAY, check: 'connection', verdict: 'wrong', reason });
    assert.ok(found.named('cannot tell').every((name) => !name.startsWith('PostgreSQL, for the api')));
    assert.deepEqual(found.named('wrong'), ['PostgreSQL, for the relay: connection']);
    assert.equal(found.finding('Service Bus', 'sending').verdict, 'right');
  });

  test('its sessions can write nothing, and none is left', async () => {
    const session = await openSession(system.env['DATABASE_URL'] ?? '');
    const event = `INSERT INTO outbox (message_id, message_type, message_body) VALUES (gen_random_uuid(), 'T', '{}')`;

    await assert.rejects(session.pool.query(event), { code: '25006' });
    await session.pool.end();
    await system.look();

    await until('no session is left', async () => {
      const { rowCount } = await system.cluster.pool.query(
        `SELECT FROM pg_stat_activity WHERE application_name = 'doctor'`,
      );
      return rowCount === 0;
    });
  });
});
