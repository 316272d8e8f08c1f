import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Example, npmScript, type Service } from './npm-script.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const END_WITH_PARENT = new URL('end-with-parent.ts', import.meta.url).href;
const LINES_KEPT = 500;

export interface ManagedProcess {
  readonly name: string;
  readonly pid: number;
  /** The last lines it wrote, on stdout and stderr. */
  readonly lines: readonly string[];
  /** Resolves with the exit code, or the name of the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** Waits until a GET of this URL answers 200; fails when the process ends before, or after the deadline. */
  ready(url: string, timeoutMs?: number): Promise<void>;
  /** Sends the signal, waits for the end and returns how it ended. Works after the end too. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

/** Runs what an npm script executes as a process of its own, as an operator would. The caller stops it. */
export function startService(name: Service | Example, env: Record<string, string>): ManagedProcess {
  const { args, env: given } = npmScript(name);
  return startNode(name, args, { ...given, ...env });
}

/** The same for any of this repository's programs. */
export function startProcess(
  name: string,
  program: string,
  env: Record<string, string>,
  args: readonly string[] = [],
): ManagedProcess {
  return startNode(name, [program, ...args], env);
}

function startNode(name: string, args: readonly string[], env: Record<string, string>): ManagedProcess {
  const child = spawn(process.execPath, args, { ...spawnOptions(env), stdio: ['ignore', 'pipe', 'pipe'] });
  return manage(name, child);
}

/** The same for what an npm script executes, with each line handed on; when we are gone, even by SIGKILL, it stops by itself. */
export function startScript(
  name: Service,
  env: Readonly<Record<string, string>>,
  onLine: (line: string) => void,
): ManagedProcess {
  const script = npmScript(name);
  const child = spawn(process.execPath, ['--import', END_WITH_PARENT, ...script.args], {
    ...spawnOptions({ ...script.env, ...env }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  return manage(name, child, onLine);
}

function spawnOptions(env: Record<string, string>) {
  // A session of its own, so that Ctrl-C reaches only the stack, which stops its parts in order.
  return { cwd: ROOT, env: { ...process.env, ...env }, detached: true };
}

function manage(name: string, child: ChildProcess, onLine?: (line: string) => void): ManagedProcess {
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) {
    if (!output) continue;
    createInterface({ input: output }).on('line', (line) => {
      if (lines.push(line) > LINES_KEPT) lines.shift();
      onLine?.(line);
    });
  }
  const killWithParent = () => child.kill('SIGKILL');
  process.on('exit', killWithParent);
  const exited = exitOf(child).finally(() => process.off('exit', killWithParent));
  return {
    name,
    pid: child.pid ?? 0,
    lines,
    exited,
    ready: (url, timeoutMs = 60_000) => answers(url, timeoutMs, name, lines, exited),
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
}

async function exitOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return code ?? signal ?? 'unknown';
}

async function answers(
  url: string,
  timeoutMs: number,
  name: string,
  lines: readonly string[],
  exited: Promise<number | string>,
): Promise<void> {
  let ended: number | string | undefined;
  void exited.then((how) => {
    ended = how;
  });
  const deadline = Date.now() + timeoutMs;
  let last = 'no answer yet';
  while (ended === undefined && Date.now() < deadline) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      if (response.ok) return;
      last = `${response.status} ${await response.text()}`;
    } catch (error) {
      last = String((error as Error).cause ?? error);
    }
    await sleep(25);
  }
  const why =
    ended === undefined ? `is not ready after ${timeoutMs} ms (${last})` : `has ended with ${ended}`;
  throw new Error(`${name} ${why}. It wrote:\n${lines.join('\n')}`);
}
