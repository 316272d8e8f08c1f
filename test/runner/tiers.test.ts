import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { filesOf, type Tier, tierOf } from './tiers.ts';

const tiers: Tier[] = ['unit', 'integration', 'system', 'long'];

test('the name of a test file says its tier', () => {
  const paths = ['a.test.ts', 'b/c-d.integration.test.ts', 'b/c.system.test.ts', 'test/b.long.ts'];

  assert.deepEqual(paths.map(tierOf), tiers);
});

for (const path of [
  'a.ts',
  'a.integraton.test.ts',
  'a.b.system.test.ts',
  'a.unit.test.ts',
  'a.test.js',
  'A.test.ts',
]) {
  test(`${path} is refused, and told how it could be called`, () => {
    assert.throws(() => tierOf(path), /^Error: \S+ is no x\.test\.ts, x\.integration\.test\.ts,/);
  });
}

test('every test file is in one tier', () => {
  const all = globSync('test/**/*.{test,long}.ts');

  assert.deepEqual(tiers.flatMap((tier) => filesOf([tier])).sort(), all.sort());
  for (const tier of tiers) assert.notEqual(filesOf([tier]).length, 0, tier);
});
