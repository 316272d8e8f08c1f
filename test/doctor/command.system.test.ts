import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabase } from '../support/database.ts';
import { answers } from '../support/npm-process.ts';
import { createBus } from '../support/relay.ts';
import { createStack } from '../support/stack.ts';
import { until } from '../support/until.ts';
import { runDoctor } from './run-doctor.ts';
import { brokerEnvironment } from './support.ts';

test('on a system that works it ends with 0, in lines that fit a terminal', async (t) => {
  const { bus, db, environment, ...stack } = await createStack(t);
  stack.startApi();
  stack.startRelay();
  for (const url of [stack.apiUrl, stack.relayUrl])
    await until('it is ready', () => answers(`${url}/health/ready`));
  const env = { ...environment.api, ...environment.relay };

  const { code, stdout, stderr } = await runDoctor(env, '--emulator-port', String(bus.healthPort));

  assert.equal(stderr, '');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^Configuration\n {2}right {8}api: every variable/);
  assert.match(stdout, /\n0 wrong, \d+ risky, 0 cannot tell, \d+ right\n$/);
  assert.deepEqual(
    stdout.split('\n').filter((line) => line.length > 80 && !line.includes('$ ')),
    [],
  );
  assert.match(stdout, /right {8}api ready: ready\n/);
  assert.match(stdout, /right {8}relay ready: ready: streaming\n/);

  await db.query('DROP PUBLICATION order_outbox');
  await until('the relay is not ready', async () => !(await answers(`${stack.relayUrl}/health/ready`)));
  const broken = await runDoctor(env, 'relay', '--emulator-port', String(bus.healthPort));

  assert.equal(broken.code, 1);
  assert.match(
    broken.stdout.replaceAll(/\s+/g, ' '),
    /wrong relay ready: not ready: waiting, .*order_outbox does not exist/,
  );
});

test('what is wrong is named for programs too, with the reason, and the exit code is 1', async (t) => {
  const { url, pool } = await createDatabase(t);
  await pool.query('DROP PUBLICATION order_outbox');
  const bus = await createBus(t);

  const { code, stdout } = await runDoctor(
    { DATABASE_URL: url, ...brokerEnvironment(bus) },
    'relay',
    '--json',
  );

  const { findings } = JSON.parse(stdout);
  assert.equal(code, 1);
  assert.deepEqual(
    findings.filter(({ verdict }: { verdict: string }) => verdict === 'wrong'),
    [
      {
        group: 'PostgreSQL, for the relay',
        check: 'publication',
        verdict: 'wrong',
        reason: 'The publication order_outbox does not exist. Run: npm run outbox -- init',
        command: 'npm run outbox -- init --apply',
      },
    ],
  );
});

test('a process that is not configured is not looked at, and a bad variable is named', async () => {
  const apiAlone = await runDoctor({ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', RELAY_PORT: '' });
  const bad = await runDoctor({ DATABASE_URL: 'mysql://x', SERVICEBUS_ENTITY: 'orders' });

  assert.match(apiAlone.stdout, /cannot tell {2}relay: not looked at: nothing here is configured for it/);
  assert.doesNotMatch(apiAlone.stdout, /Service Bus/);
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /wrong {8}api: DATABASE_URL: bad value/);
});

test('it says how it is used, and ends with 2 for what it does not know', async () => {
  const help = await runDoctor({}, '--help');
  const unknown = await runDoctor({}, 'broker');

  assert.deepEqual([help.code, unknown.code], [0, 2]);
  assert.match(help.stdout, /npm run doctor -- \[api\|relay\|inbox\]/);
  assert.match(unknown.stderr, /There is no process broker: it is api, relay, inbox/);
});
