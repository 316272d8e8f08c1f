import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { until } from './until.ts';

export interface Child {
  readonly process: ChildProcess;
  /** What it has logged, parsed; a line that is no JSON as `{ text }`. */
  readonly logs: Record<string, unknown>[];
  readonly stderr: () => string;
  /** The first line whose message starts like this. */
  readonly logged: (message: string) => Promise<Record<string, unknown>>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Its exit code; a signal's name when one killed it. */
  readonly exited: Promise<number | string>;
}

/** Runs node with these arguments as a process with this environment alone. It is killed when the test ends. */
export function startChild(t: TestContext, args: readonly string[], env: Record<string, string>): Child {
  const { PATH = '', TMPDIR = '' } = process.env;
  const child = spawn(process.execPath, args, {
    env: { PATH, TMPDIR, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const logs: Record<string, unknown>[] = [];
  createInterface(child.stdout).on('line', (line) => logs.push(parse(line)));
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  return {
    process: child,
    logs,
    stderr: () => stderr,
    logged: (message) =>
      until(`it logs "${message}"`, () => {
        const line = logs.find(({ msg }) => String(msg).startsWith(message));
        if (!line && child.exitCode !== null) throw new Error(`It ended: ${stderr}${JSON.stringify(logs)}`);
        return line;
      }),
    signal: (signal) => child.kill(signal),
    exited: once(child, 'close').then(([code, signal]) => code ?? signal),
  };
}

function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line);
  } catch {
    return { text: line };
  }
}
