import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SampleHistory } from '../../../relay/console/sample-history.ts';

const sample = (at: number) => ({
  at,
  published: at * 10,
  received: 0,
  p50: at === 2 ? null : 0.123456,
  p99: 9,
  unsettled: 1,
  inFlight: 0,
});

test('samples come back as columns, the oldest first, and what was not measured is null', () => {
  const history = new SampleHistory(4);
  for (const at of [1, 2, 3]) history.add(sample(at));

  const { at, published, p50 } = history.columns;

  assert.deepEqual(
    [at, published, p50],
    [
      [1, 2, 3],
      [10, 20, 30],
      [0.1235, null, 0.1235],
    ],
  );
  assert.equal(history.last.at, 3);
});

test('when it is full, the oldest go', () => {
  const history = new SampleHistory(4);
  for (let at = 1; at <= 10; at++) history.add(sample(at));

  assert.deepEqual(history.columns.at, [7, 8, 9, 10]);
});

test('times are not rounded', () => {
  const history = new SampleHistory(4);
  history.add(sample(1_795_843_536_383));

  assert.deepEqual(history.columns.at, [1_795_843_536_383]);
});
