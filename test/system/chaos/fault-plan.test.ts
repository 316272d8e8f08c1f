import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planFaults } from './fault-plan.ts';

const names = Array.from({ length: 50 }, (_, n) => `kind${n}`);
const options = {
  seed: 7,
  lengthMs: 590_000,
  gapMs: [1_000, 3_500],
  weights: Object.fromEntries(names.map((name, n) => [name, n === 0 ? 1_000 : 1])),
  kinds: Object.fromEntries(names.map((name) => [name, { durationMs: [100, 200] }])),
} as const satisfies Parameters<typeof planFaults>[0];

test('in a plan that is long enough every kind of fault happens, at any time of it, and most often those of weight', () => {
  const plan = planFaults(options);

  assert.deepEqual(new Set(plan.map(({ kind }) => kind)), new Set(names));
  const half = plan.filter(({ atMs }) => atMs < options.lengthMs / 2);
  assert.ok(new Set(half.map(({ kind }) => kind)).size < names.length);
  assert.ok(plan.filter(({ kind }) => kind === 'kind0').length > plan.length / 2);
  assert.ok(plan.every(({ choice }) => choice.durationMs >= 100 && choice.durationMs <= 200));
});

test('the same seed gives the same plan, another one another', () => {
  assert.deepEqual(planFaults(options), planFaults(options));
  assert.notDeepEqual(planFaults(options), planFaults({ ...options, seed: 8 }));
});
