import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs } from '../../../src/core/backoff.ts';

const longest = () => 1;
const shortest = () => 0;

test('the wait doubles with each failure in a row, up to 15 seconds', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((failures) => backoffMs(failures, longest));

  assert.deepEqual(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000]);
});

test('half of it is random, so that many who fail together do not come back together', () => {
  assert.equal(backoffMs(3, shortest), 200);
  assert.equal(
    backoffMs(3, () => 0.5),
    300,
  );
});

test('it stays capped after any number of failures', () => {
  assert.equal(backoffMs(1_000_000, longest), 15_000);
  assert.equal(backoffMs(1_000_000, longest, 2_000), 2_000);
});
