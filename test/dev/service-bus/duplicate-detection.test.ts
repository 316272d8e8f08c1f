import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuplicateDetection } from '../../../dev/service-bus/duplicate-detection.ts';

test('an id repeats until its window is over, counted from the first time', () => {
  const detection = new DuplicateDetection(1_000);

  assert.deepEqual(
    [0, 500, 999, 1_000, 1_999].map((now) => detection.isRepeat('m1', now)),
    [false, true, true, false, true],
  );
});

test('messages without an id never repeat', () => {
  const detection = new DuplicateDetection(1_000);

  assert.deepEqual([detection.isRepeat(undefined, 0), detection.isRepeat(undefined, 0)], [false, false]);
});

test('without a window nothing repeats', () => {
  const detection = new DuplicateDetection(0);

  assert.deepEqual([detection.isRepeat('m1', 0), detection.isRepeat('m1', 0)], [false, false]);
});
