import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fault, Faults } from '../../../dev/service-bus/faults.ts';

test('a fault strikes as often as it says, and then is gone', () => {
  const faults = new Faults();
  const fault = faults.inject({ kind: 'busy', times: 2 });

  assert.deepEqual(strikes(faults, 4), [true, true, false, false]);
  assert.deepEqual([fault.hits, faults.list()], [2, []]);
});

test('a choice by probability is the same for the same seed, and close to what was asked for', () => {
  const choices = [1, 1, 2].map((seed) => {
    const faults = new Faults();
    faults.inject({ kind: 'busy', probability: 0.2, seed });
    return strikes(faults, 2_000);
  });

  assert.deepEqual(choices[0], choices[1]);
  assert.notDeepEqual(choices[0], choices[2]);
  for (const choice of choices) {
    const rate = choice.filter(Boolean).length / choice.length;
    assert.ok(rate > 0.17 && rate < 0.23, `${rate}`);
  }
});

test('a fault strikes at its points and its entity alone', () => {
  const faults = new Faults();
  faults.inject({ kind: 'unauthorized', entity: 'Orders', at: 'attach' });

  assert.equal(faults.strike('transfer', 'orders'), undefined);
  assert.equal(faults.strike('attach', 'other'), undefined);
  assert.equal(faults.strike('attach', 'orders')?.kind, 'unauthorized');
});

test('healing one fault leaves the others, healing all leaves none', () => {
  const faults = new Faults();
  const first = faults.inject({ kind: 'busy' });
  faults.inject({ kind: 'hang' });

  first.heal();
  assert.equal(faults.strike('transfer', 'q')?.kind, 'hang');
  faults.heal();
  assert.equal(faults.strike('transfer', 'q'), undefined);
});

test('a fault that cannot be is refused', () => {
  const faults = new Faults();

  assert.throws(() => faults.inject({ kind: 'toString' } as unknown as Fault), /There is no fault/);
  assert.throws(() => faults.inject({ kind: 'latency', at: 'attach' }), /cannot strike/);
});

function strikes(faults: Faults, times: number): boolean[] {
  return Array.from({ length: times }, () => faults.strike('transfer', 'q') !== undefined);
}
