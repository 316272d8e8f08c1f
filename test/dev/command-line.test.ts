import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandLine } from '../../dev/command-line.ts';

const USAGE = 'How it is used\n';
const options = {
  reset: { type: 'boolean' },
  name: { type: 'string' },
  'any-ports': { type: 'boolean' },
} as const;

test('known options and words are read', () => {
  const { values, positionals } = commandLine(
    USAGE,
    { options, allowPositionals: true },
    caller('--reset', 'a'),
  );

  assert.deepEqual([{ ...values }, positionals], [{ reset: true }, ['a']]);
});

test('--help prints the usage and ends with 0', () => {
  assert.throws(() => commandLine(USAGE, { options }, caller('--help')), ended(0, USAGE, ''));
});

for (const [words, told] of [
  [['--rset'], "Unknown option '--rset'"],
  [['foo'], "Unexpected argument 'foo'"],
  [['--name'], "Option '--name <value>' argument missing"],
] as const) {
  test(`${words.join(' ')} is refused with the usage, and ends with 2`, () => {
    assert.throws(
      () => commandLine(USAGE, { options }, caller(...words)),
      ended(2, '', `${told}\n\n${USAGE}`),
    );
  });
}

test('what the program finds wrong is refused in the same way', () => {
  const { refuse } = commandLine(USAGE, { options }, caller());

  assert.throws(() => refuse('There is nobody'), ended(2, '', `There is nobody\n\n${USAGE}`));
});

for (const [variables, script, command] of [
  [{ npm_config_any_ports: 'true' }, 'dev', 'npm run dev -- --any-ports'],
  [{ npm_config_name: 'lanes' }, 'test', 'npm test -- --name lanes'],
] as const) {
  test(`an option that npm has kept to itself is refused, and told how it is written: ${command}`, () => {
    const before = caller();
    Object.assign(before.env, variables, { npm_lifecycle_event: script });

    assert.throws(
      () => commandLine(USAGE, { options }, before),
      (end: Ended) => {
        assert.equal(end.code, 2);
        assert.match(end.stderr, /^npm has taken --\S+ for itself\. Write: /);
        assert.ok(end.stderr.includes(`Write: ${command}\n`), end.stderr);
        return true;
      },
    );
  });
}

test("npm's own settings are not taken for options of a program that it does not run", () => {
  const alone = caller();
  Object.assign(alone.env, { npm_config_name: 'lanes' });

  assert.deepEqual({ ...commandLine(USAGE, { options }, alone).values }, {});
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process with these words and an empty environment; its end is thrown, with what it has written. */
function caller(...words: string[]) {
  const written = { stdout: '', stderr: '' };
  return {
    argv: ['node', 'program.ts', ...words],
    env: {} as NodeJS.ProcessEnv,
    stdout: { write: (text: string) => (written.stdout += text) },
    stderr: { write: (text: string) => (written.stderr += text) },
    exit(code: number): never {
      throw Object.assign(new Error('ended'), { code, ...written });
    },
  };
}

function ended(code: number, stdout: string, stderr: string) {
  return { message: 'ended', code, stdout, stderr };
}
