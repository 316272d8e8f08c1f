import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

/** npm with this environment alone, in a process group of its own, which is killed when the test ends. */
export function spawnNpm(t: TestContext, args: string[], env: Record<string, string> = {}) {
  const { PATH = '', HOME = '', TMPDIR = '' } = process.env;
  const child = spawn('npm', args, {
    env: { PATH, HOME, TMPDIR, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = child.pid ?? 0;
  t.after(() => killGroup(pid));
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  return {
    pid,
    output: () => output,
    /** When npm itself has ended. */
    exited: once(child, 'exit').then(([code, signal]) => code ?? signal),
    /** When nothing that npm has started can write any more. */
    closed: once(child, 'close'),
  };
}

/** Whether a GET of this URL answers 2xx. */
export async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok;
  } catch {
    return false;
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ESRCH', 'there is nothing left to kill');
  }
}
