import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanup } from './cleanup.ts';

/** A test that has ended when `end` is called. */
function scope() {
  let end: () => Promise<void> = async () => undefined;
  return { after: (fn: () => Promise<void>) => (end = fn), end: () => end() };
}

test('what was opened last is closed first', async () => {
  const t = scope();
  const closed: string[] = [];
  cleanup(t, () => closed.push('first'));
  cleanup(t, async () => closed.push('second'));

  await t.end();

  assert.deepEqual(closed, ['second', 'first']);
});

// A receiver of a test failed in its clean-up; PostgreSQL, api and relay, opened before it, lived on, and the run never ended.
test('all is closed, also after a close that fails, and each failure is told', async () => {
  const t = scope();
  const closed: string[] = [];
  cleanup(t, () => closed.push('stack'));
  cleanup(t, () => Promise.reject(new Error('receiver')));
  cleanup(t, () => closed.push('pool'));

  await assert.rejects(t.end(), new Error('receiver'));
  assert.deepEqual(closed, ['pool', 'stack']);

  for (const name of ['one', 'two']) cleanup(t, () => Promise.reject(new Error(name)));
  await assert.rejects(t.end(), ({ errors }: AggregateError) => {
    assert.deepEqual(errors, [new Error('two'), new Error('one')]);
    return true;
  });
});
