import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeBars } from '../../dev/time-bars.ts';

test('each way has a line: where it lies in the whole, and how long it took', () => {
  const lines = timeBars([
    { step: 'request', at: 1_000 },
    { step: 'commit', at: 1_010 },
    { step: 'received', at: 1_040 },
  ]);

  assert.deepEqual(lines, [
    `request → commit   ${'█'.repeat(10).padEnd(40)}    10.0 ms`,
    `commit → received  ${' '.repeat(10)}${'█'.repeat(29)}     30.0 ms`,
  ]);
});

test('clocks that differ make no bar run backwards', () => {
  const [first, second] = timeBars([
    { step: 'a', at: 1_000 },
    { step: 'b', at: 999 },
    { step: 'c', at: 1_001 },
  ]);

  assert.match(first ?? '', /^a → b {2}█ +0\.0 ms$/);
  assert.match(second ?? '', /^b → c {2}█+ +2\.0 ms$/);
});

test('no steps are no lines, and one that takes no time is one column', () => {
  assert.deepEqual(timeBars([]), []);
  assert.match(
    timeBars([
      { step: 'a', at: 5 },
      { step: 'b', at: 5 },
    ]).join(),
    /^a → b {2}█ +0\.0 ms$/,
  );
});
