import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

/** The programs that documents may name. */
const PROGRAMS = ['npm', 'npx', 'node', 'docker', 'curl'];
const BETWEEN_WORDS = '\x1e';
const BETWEEN_COMMANDS = '\x1d';

/**
 * The commands of a shell script, each as its words, as the shell hands them over; none is carried out. Fails for a program that
 * is not known here and for a variable that is neither set by the script nor in `variables`.
 */
export function commandsIn(script: string, variables: Readonly<Record<string, string>> = {}): string[][] {
  const recorders = PROGRAMS.map(
    (name) => String.raw`${name}() { printf '%s\036' ${name} "$@"; printf '\035'; }`,
  );
  const shell = spawnSync('/bin/sh', ['-euc', [...recorders, script].join('\n')], {
    encoding: 'utf8',
    env: { PATH: '/nowhere', ...variables },
  });
  assert.equal(shell.status, 0, `${shell.stderr} in:\n${script}`);
  return shell.stdout
    .split(BETWEEN_COMMANDS)
    .filter(Boolean)
    .map((command) => command.split(BETWEEN_WORDS).slice(0, -1));
}
