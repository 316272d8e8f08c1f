import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interruptUnderLoad } from './interruptions.ts';

test('killed 200 times under load it repeats nothing that was marked, and all else under the same id', async (t) => {
  await interruptUnderLoad(t, { signal: 'SIGKILL', rounds: 200 });
});

test('stopped 50 times under load it repeats nothing', async (t) => {
  const { repeated } = await interruptUnderLoad(t, { signal: 'SIGTERM', rounds: 50 });

  assert.equal(repeated, 0);
});
