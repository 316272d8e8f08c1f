import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startChild } from '../../support/child-process.ts';

test('a process that cannot close ends all the same, within 25 s', async (t) => {
  const child = startChild(t, ['test/support/lifecycle-process.ts'], {
    DATABASE_URL: 'postgres://127.0.0.1/orders',
    BEHAVIOUR: 'close hangs',
  });
  await child.logged('Started');
  const stopped = performance.now();

  child.signal('SIGTERM');

  assert.equal(await child.exited, 1);
  const seconds = (performance.now() - stopped) / 1000;
  assert.ok(seconds > 24 && seconds < 27, `${seconds} s`);
});
