import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMutants } from './find-mutants.ts';

const CASES: [string, string, string[]][] = [
  ['a comparison', 'const a = b < c;', ['const a = b <= c;']],
  ['an equality', 'const a = b === c;', ['const a = b !== c;']],
  ['a condition', 'if (a) b = 1;', ['if (true) b = 1;', 'if (false) b = 1;', 'if (a) ;']],
  ['a choice', 'const a = b ? c : d;', ['const a = true ? c : d;', 'const a = false ? c : d;']],
  ['a part of a condition', 'const a = b && c;', ['const a = true && c;', 'const a = b && true;']],
  ['an alternative', 'const a = b || c;', ['const a = false || c;', 'const a = b || false;']],
  ['a negation', 'const a = !b;', ['const a = b;']],
  ['a call', 'log.warn(a); call(a);', ['log.warn(a); ;']],
  ['a loop', 'while (a) continue;', ['while (false) continue;', 'while (a) ;']],
  ['an error', 'throw a;', [';']],
  ['a type', 'type A = B extends C ? D : E;', []],
];

for (const [what, source, expected] of CASES) {
  test(`${what} is changed in ${expected.length} ways: ${source}`, () => {
    const mutated = findMutants('a.ts', source).map(
      ({ start, end, text }) => source.slice(0, start) + text + source.slice(end),
    );
    assert.deepEqual(mutated, expected);
  });
}

test('a mutant says where it is and what was changed', () => {
  const [mutant] = findMutants('a.ts', 'const b = 1;\nconst a = b < 2;');

  assert.equal(mutant?.line, 2);
  assert.equal(mutant?.what, 'b < 2 → <=');
});
