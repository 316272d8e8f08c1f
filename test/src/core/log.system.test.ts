import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const program = (lines: number, after: string) => `
  import { createLogger } from './src/core/log.ts';
  const log = createLogger({ level: 'info', service: 'test' });
  for (let n = 1; n <= ${lines}; n++) log.info({ n, pad: 'x'.repeat(1_000) });
  ${after}`;

const start = (source: string) =>
  spawn(process.execPath, ['--input-type=module-typescript', '--eval', source], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });

test('every line that was logged is there when the process has ended, however it ended itself', async () => {
  for (const [ending, code] of [
    ['process.exit(3)', 3],
    ['throw new Error("at last")', 1],
    ['', 0],
  ] as const) {
    const child = start(program(300, ending));
    const [[exitCode], lines] = await Promise.all([once(child, 'exit'), text(child.stdout)]);
    assert.equal(exitCode, code);
    const numbers = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).n);
    assert.deepEqual(
      numbers,
      Array.from({ length: 300 }, (_, index) => index + 1),
      ending,
    );
  }
});

test('a log that nobody reads stops nobody, and is complete when it is read', async (t) => {
  const child = start(program(2_000, 'console.error("goes on");'));
  t.after(() => child.kill('SIGKILL'));

  const [said] = await once(child.stderr, 'data');
  const lines = (await text(child.stdout)).trim().split('\n');

  assert.equal(String(said), 'goes on\n');
  assert.equal(lines.length, 2_000);
});

test('a log whose reader has gone ends nobody', async (t) => {
  const more = `
    const goOn = (left) => {
      log.info({ left });
      if (left === 0) console.error('goes on');
      else setTimeout(goOn, 1, left - 1);
    };
    goOn(100);`;
  const child = start(program(1, more));
  t.after(() => child.kill('SIGKILL'));
  child.stdout.destroy();

  const [[code], errors] = await Promise.all([once(child, 'exit'), text(child.stderr)]);

  assert.deepEqual([code, errors], [0, 'goes on\n']);
});
