import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const documents = [...globSync('*.md'), ...globSync('docs/**/*.md')];
// A file or a folder of this repository in backticks: `relay/session/session.ts`, `docs/`, `system/demo.test.ts` (below test/).
const PATH_IN_BACKTICKS = /`((?:[\w.-]+\/)+[\w.-]*\.?[\w-]*)`/g;

for (const document of documents) {
  test(`every file that ${document} names exists`, () => {
    const named = [...readFileSync(document, 'utf8').matchAll(PATH_IN_BACKTICKS)].map(
      ([, path]) => path ?? '',
    );
    const missing = named
      .filter((path) => /\.(ts|md|sql|json|yaml)$|\/$/.test(path))
      .filter((path) => !existsSync(path) && !existsSync(`test/${path}`));

    assert.deepEqual(missing, []);
  });
}

test('every promise about delivery names a test that exists', () => {
  const rows = readFileSync('docs/delivery.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| \d/.test(line));

  assert.notEqual(rows.length, 0);
  for (const row of rows) {
    const tests = [...row.matchAll(/`([\w/.-]+\.test\.ts)`/g)].map(([, path]) => `test/${path}`);
    assert.ok(tests.length > 0 && tests.every((path) => existsSync(path)), row);
  }
});

test('the faults are numbered without a gap, each names its test, and every test that is quoted exists under that name', () => {
  const rows = readFileSync('docs/delivery.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| (F\d\d)? ?\|/.test(line));
  const numbers = rows.flatMap((row) => /^\| F(\d\d)/.exec(row)?.[1] ?? []).map(Number);
  assert.notEqual(numbers.length, 0);
  assert.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
  for (const row of rows) {
    assert.match(row, /\.test\.ts`|cannot be:/);
    for (const [, path = '', quoted = ''] of row.matchAll(/`([\w/.-]+\.ts)`((?:,? "[^"]+")*)/g)) {
      const source = existsSync(`test/${path}`)
        ? readFileSync(`test/${path}`, 'utf8').replaceAll("\\'", "'")
        : '';
      for (const [, name = ''] of quoted.matchAll(/"([^"]+)"/g)) {
        assert.ok(source.includes(name.replace(/, \.\.\.$/, '')), `${path}: ${name}`);
      }
    }
  }
});
