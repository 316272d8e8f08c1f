import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const SOURCE = `
import { describe, test } from 'node:test';
test('the first one', () => undefined);
describe('others', () => {
  test('the second one', () => undefined);
});
`;

for (const [name, passed] of [
  ['second', 1],
  ['others', 1],
  ['the (first|second) one', 2],
] as const) {
  test(`--name '${name}' runs the tests of that name alone`, (t) => {
    const { status, stdout } = runner(fileOf(t), '--name', name);

    assert.equal(status, 0, stdout);
    assert.match(stdout, new RegExp(`: ${passed} passed, 0 failed`));
  });
}

test('a name that no test has is refused', (t) => {
  for (const file of [fileOf(t), fileOf(t, 'a.system.test.ts')]) {
    const { status, stderr } = runner(file, '--name', 'third');

    assert.equal(status, 2, stderr);
    assert.match(stderr, /^No test has a name like third$/m);
  }
});

for (const [args, told] of [
  [['--foo'], "Unknown option '--foo'"],
  [['test/nope.test.ts'], 'There is no test file test/nope.test.ts'],
  [['src/main.ts'], 'src/main.ts is no x.test.ts, x.integration.test.ts, x.system.test.ts or x.long.ts'],
  [['--tier', 'units'], 'There is no tier units'],
  [['--name', '('], '--name ( is no regular expression'],
  [['--minutes', 'few'], '--minutes must be a number, not few'],
  [['--watch', 'test/readme.test.ts', 'test/commands.system.test.ts'], 'Only unit tests can be watched'],
] as const) {
  test(`npm test -- ${args.join(' ')} is answered with the usage`, () => {
    const { status, stdout, stderr } = runner(...args);

    assert.equal(status, 2, stdout);
    assert.match(stderr, /^Tests: npm test -- \[OPTION \.\.\.\] \[PATH \.\.\.\]$/m);
    assert.equal(stderr.split('\n')[0], told);
  });
}

function fileOf(t: TestContext, name = 'a.test.ts'): string {
  const folder = mkdtempSync(join(tmpdir(), 'runner-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), SOURCE);
  return join(folder, name);
}

function runner(...args: string[]) {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return spawnSync(process.execPath, ['test/runner/main.ts', ...args], { env, encoding: 'utf8' });
}
