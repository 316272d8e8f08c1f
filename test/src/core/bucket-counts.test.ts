import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BucketCounts } from '../../../src/core/bucket-counts.ts';

test('a value counts in the bucket whose bound it does not exceed, and in all above it', () => {
  const counts = new BucketCounts([1, 2, 5]);

  for (const value of [1.5, 0, 1_000, 5, 5.1, 1]) counts.add(value);

  assert.deepEqual(counts.cumulative(), [2, 3, 4, 6]);
  assert.equal(counts.sum, 1_012.6);
});

test('without values all of it is 0', () => {
  const counts = new BucketCounts([1]);

  assert.deepEqual([counts.cumulative(), counts.sum], [[0, 0], 0]);
});
