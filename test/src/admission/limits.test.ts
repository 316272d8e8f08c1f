import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsOf, shareOf } from '../../../src/admission/limits.ts';

test('what is not given follows from the size of the pool', () => {
  assert.deepEqual(limitsOf(8), { poolSize: 8, maxInFlight: 64, waitMs: 1_000 });
  assert.deepEqual(limitsOf(1), { poolSize: 1, maxInFlight: 8, waitMs: 1_000 });
  assert.deepEqual(limitsOf(8, { maxInFlight: 5, waitMs: 50 }), { poolSize: 8, maxInFlight: 5, waitMs: 50 });
});

test('a share is at least one, and leaves something to the others where there is something to leave', () => {
  const cases: [whole: number, share: number, taken: number][] = [
    [1, 7 / 8, 1],
    [2, 7 / 8, 1],
    [8, 7 / 8, 7],
    [100, 7 / 8, 87],
    [2, 1 / 4, 1],
    [8, 1 / 4, 2],
    [8, 1, 7],
  ];

  for (const [whole, share, taken] of cases)
    assert.equal(shareOf(whole, share), taken, `${share} of ${whole}`);
});
