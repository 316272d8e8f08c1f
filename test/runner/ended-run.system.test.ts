import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { cleanup } from '../support/cleanup.ts';
import { until } from '../support/until.ts';

// A run of one file: a test that has a PostgreSQL, a broker, an api and a relay, and never ends.
const ENDLESS = `
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { createStack } from '${resolve('test/support/stack.ts')}';

test('never ends', async (t) => {
  const stack = await createStack(t);
  await stack.startApi().ready(stack.apiUrl + '/health/live');
  await stack.startRelay().ready(stack.relayUrl + '/health/live');
  writeFileSync(process.env.STARTED, String(process.pid));
  await new Promise(() => undefined);
});
`;

interface EndlessRun {
  readonly runner: ChildProcess;
  /** The file that is there once all that the test needs is started: the number of its process. */
  readonly started: string;
  /** The exit code and all that the run has told, once it has ended. */
  readonly ended: Promise<{ code: number | null; output: string }>;
  /** The processes and the files that the run has left. */
  readonly left: () => string[];
}

describe('a run that is ended leaves no process and no file, and names what had not ended', {
  concurrency: 2,
}, () => {
  test('SIGTERM to the command', async (t) => {
    const { runner, ended, left } = await startedRun(t);

    runner.kill('SIGTERM');
    const { code, output } = await ended;

    assert.deepEqual(left(), []);
    assert.equal(code, 143);
    assert.match(output, /^✖ \S+endless\.system\.test\.ts had not ended$/m);
    assert.match(output, /The run was stopped by SIGTERM\./);
  });

  test('Ctrl-C, which is SIGINT to the group', async (t) => {
    const { runner, ended, left } = await startedRun(t);

    process.kill(-(runner.pid ?? 0), 'SIGINT');
    const { code } = await ended;

    assert.deepEqual(left(), []);
    assert.equal(code, 130);
  });

  test('the process of a test file is killed', async (t) => {
    const { filePid, ended, left } = await startedRun(t);

    process.kill(filePid, 'SIGKILL');
    const { code, output } = await ended;

    assert.deepEqual(left(), []);
    assert.equal(code, 1);
    assert.match(output, /^✖ \S+endless\.system\.test\.ts: \S+endless\.system\.test\.ts$/m);
  });

  test('its time is over', async (t) => {
    const { ended, left } = startRun(t, '--minutes', '0.3');

    const { code, output } = await ended;

    assert.deepEqual(left(), []);
    assert.equal(code, 1);
    assert.match(output, /^✖ \S+endless\.system\.test\.ts had not ended$/m);
    assert.match(output, /The run had not ended after 0\.3 minutes\./);
  });
});

/** One that is in the middle: all that the test needs is started. */
async function startedRun(t: TestContext): Promise<EndlessRun & { readonly filePid: number }> {
  const run = startRun(t);
  await until('all of it is started', () => existsSync(run.started) || run.runner.exitCode !== null);
  assert.equal(run.runner.exitCode, null);
  return { ...run, filePid: Number(readFileSync(run.started, 'utf8')) };
}

function startRun(t: TestContext, ...options: string[]): EndlessRun {
  const folder = mkdtempSync(join(tmpdir(), 'ended-run-'));
  chmodSync(folder, 0o755);
  cleanup(t, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const [file, started, inner] = ['endless.system.test.ts', 'started', 'inner'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  writeFileSync(file, ENDLESS);
  mkdirSync(inner);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const runner = spawn('npm', ['test', '--', ...options, file], {
    env: { ...env, TMPDIR: inner, STARTED: started },
    detached: true, // a group of its own, as a terminal gives a command
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  cleanup(t, () => runner.kill('SIGKILL'));
  let output = '';
  for (const stream of [runner.stdout, runner.stderr]) stream.on('data', (data) => (output += data));
  const ended = once(runner, 'close').then(([code]) => ({ code: code as number | null, output }));
  return { runner, started, ended, left: () => [...processesOf(inner), ...readdirSync(inner)] };
}

/** Found by the text of the folder in their environment or, as for a PostgreSQL, in their command line. */
function processesOf(folder: string): string[] {
  const files = globSync('/proc/[0-9]*/{environ,cmdline}');
  return spawnSync('grep', ['-las', folder, ...files], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((file) => file !== '' && existsSync(file))
    .map((file) => readFileSync(file.replace('environ', 'cmdline'), 'utf8').replaceAll('\0', ' '));
}
