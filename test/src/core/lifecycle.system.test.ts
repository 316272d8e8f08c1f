import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Child, startChild } from '../../support/child-process.ts';

const environment = { DATABASE_URL: 'postgres://127.0.0.1/orders', LOG_LEVEL: 'debug' };
const start = (t: TestContext, behaviour: string) =>
  startChild(t, ['test/support/lifecycle-process.ts'], { ...environment, BEHAVIOUR: behaviour });
const closings = ({ logs }: Child) =>
  logs.map(({ msg }) => String(msg)).filter((msg) => msg.endsWith(' closed'));

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} closes what was opened, in reverse, and ends the process with 0`, async (t) => {
    const child = start(t, 'runs');
    await child.logged('Started');

    child.signal(signal);

    assert.equal(await child.exited, 0);
    assert.deepEqual(closings(child), ['second closed', 'first closed']);
    const steps = child.logs.filter(({ msg }) => msg === 'Closed').map(({ step, ms }) => [step, typeof ms]);
    assert.deepEqual(steps, [
      ['second', 'number'],
      ['first', 'number'],
    ]);
  });
}

for (const behaviour of ['fails to start', 'fails at once', 'fails later', 'rejects']) {
  test(`a process that ${behaviour} closes what was opened and ends with 1`, async (t) => {
    const child = start(t, behaviour);

    assert.equal(await child.exited, 1);
    assert.deepEqual(closings(child), ['second closed', 'first closed']);
    const [reason] = child.logs.filter(({ level }) => level === 'fatal');
    assert.match(JSON.stringify(reason), /cannot start|failed at once|failed later|nobody caught me/);
  });
}

test('a step that cannot close does not keep the others from closing', async (t) => {
  const child = start(t, 'close fails');
  await child.logged('Started');

  child.signal('SIGTERM');

  assert.equal(await child.exited, 0);
  assert.deepEqual(closings(child), ['second closed', 'first closed']);
  assert.ok(child.logs.some(({ level, step }) => level === 'error' && step === 'second'));
});

test('a failure that closing meets again is told once', async (t) => {
  const child = start(t, 'fails while closing waits for it');

  assert.equal(await child.exited, 1);
  const told = child.logs.filter(({ level }) => level === 'fatal' || level === 'error');
  assert.deepEqual(
    told.map(({ msg }) => msg),
    ['Stopping because of a failure'],
  );
});

test('a second signal ends the process at once', async (t) => {
  const child = start(t, 'close hangs');
  await child.logged('Started');
  child.signal('SIGTERM');
  await child.logged('second closed');

  child.signal('SIGTERM');

  assert.equal(await child.exited, 1);
  assert.deepEqual(closings(child), ['second closed']);
});

test('a signal that npm passes on as well is not a second one, until a second has gone by', async (t) => {
  const child = startChild(t, ['test/support/lifecycle-process.ts'], {
    ...environment,
    BEHAVIOUR: 'close hangs',
    npm_lifecycle_script: 'exec node main.ts',
  });
  await child.logged('Started');
  child.signal('SIGTERM');
  await child.logged('second closed');

  child.signal('SIGTERM');
  await delay(1_000);
  assert.equal(child.process.exitCode, null);
  child.signal('SIGTERM');

  assert.equal(await child.exited, 1);
});

test('a stop during the start waits until the start has given way, and closes that too', async (t) => {
  const child = start(t, 'starts slowly');
  await child.logged('Still starting');

  child.signal('SIGTERM');

  assert.equal(await child.exited, 0);
  assert.deepEqual(closings(child), ['third closed', 'second closed', 'first closed']);
});

test('a bad configuration ends the process with 78 before it opens anything, and names every bad variable', async (t) => {
  const child = startChild(t, ['test/support/lifecycle-process.ts'], {
    DATABASE_URL: 'mysql://localhost',
    LOG_LEVEL: 'loud',
    PORT: '65536',
  });

  assert.equal(await child.exited, 78);
  for (const name of ['DATABASE_URL', 'LOG_LEVEL', 'PORT', 'BEHAVIOUR'])
    assert.match(child.stderr(), RegExp(`\\b${name}:`));
  assert.deepEqual(child.logs, []);
});
