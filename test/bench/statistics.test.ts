import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figure, OpenFigure, Sample } from '../../bench/support/figure.ts';
import { linesOf, tableOf } from '../../bench/support/report.ts';
import { measureRounds } from '../../bench/support/rounds.ts';
import { pairRatios, quantile, summarize } from '../../bench/support/statistics.ts';

test('a quantile lies between the two values it falls between, whatever their order', () => {
  assert.equal(quantile([3, 1, 2], 0.5), 2);
  assert.equal(quantile([4, 1, 3, 2], 0.5), 2.5);
  assert.equal(quantile([10, 20], 0.99), 19.9);
  assert.equal(quantile([7], 0.999), 7);
  assert.throws(() => quantile([], 0.5), RangeError);
});

test('the median of the ratios is of the rounds, not of the medians', () => {
  const ratios = pairRatios([10, 40, 90], [10, 20, 30]);

  assert.deepEqual(ratios, [1, 2, 3]);
  assert.deepEqual(summarize(ratios), { median: 2, min: 1, max: 3 });
  assert.throws(() => pairRatios([1], []), RangeError);
});

test('every side is measured once a round, in turns, and the warm-up does not count', async () => {
  const order: string[] = [];
  const figure = openFigure(order, { ours: [1, 30, 20], beside: [1, 10, 10] });

  const samples = await measureRounds(figure, 2, () => undefined);

  assert.deepEqual(order, ['ours', 'beside', 'ours', 'beside', 'ours', 'beside']);
  assert.deepEqual(
    samples.get('ours')?.map(({ values }) => values['rate']),
    [30, 20],
  );
});

test('a line tells the ratio, whether it is what was wanted, and what both sides were', async () => {
  const figure: Figure = { name: 'f', what: '', size: 1, open: () => Promise.reject(new Error('unused')) };
  const open = openFigure([], { ours: [1, 30, 20], beside: [1, 10, 10] });
  const samples = await measureRounds(open, 2, () => undefined);
  const environment = { machine: 'm', versions: {}, commit: 'c', at: '' };

  const [ratio, alone] = linesOf(figure, open, samples, 7, environment);

  assert.deepEqual([ratio?.median, ratio?.min, ratio?.max, ratio?.reached], [2.5, 2, 3, true]);
  assert.deepEqual([alone?.median, alone?.reached, alone?.beside], [25, false, undefined]);
  assert.deepEqual(ratio?.beside, { name: 'beside', values: { rate: 10 }, cpuUs: { it: 2 } });
  assert.match(
    tableOf(ratio ? [ratio] : []).split('\n')[2] ?? '',
    /^\| f \| ratio \| 2\.5 \(2 to 3\) \| >= 2 \| yes \| rate 25; CPU us: it 2 \| rate 10; CPU us: it 2 \|$/,
  );
});

function openFigure(order: string[], rates: Record<string, number[]>): OpenFigure {
  const measured = (name: string) => async (): Promise<Sample> => {
    order.push(name);
    return { values: { rate: rates[name]?.shift() ?? Number.NaN }, cpu: { it: 2 } };
  };
  return {
    sides: [
      { name: 'ours', measure: measured('ours') },
      { name: 'beside', measure: measured('beside') },
    ],
    comparisons: [
      { name: 'ratio', value: 'rate', ours: 'ours', beside: 'beside', atLeast: 2 },
      { name: 'alone', value: 'rate', ours: 'ours', atMost: 24 },
    ],
    version: '18',
    close: async () => undefined,
  };
}
