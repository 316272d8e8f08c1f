import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { NodeCommand } from '../../dev/npm-script.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STOP_WITHIN_MS = 30_000;
const READY_WITHIN_MS = 30_000;
const logs = mkdtempSync(join(tmpdir(), 'order-service-bench-'));
process.on('exit', () => rmSync(logs, { recursive: true, force: true })); // an error has quoted what matters
let started = 0;

export interface RunningProcess {
  readonly pid: number;
  /** Resolves when it has ended. Works twice. */
  stop(): Promise<void>;
}

export interface Service extends RunningProcess {
  /** Waits until a GET of this URL answers 200. */
  untilReady(url: string): Promise<void>;
}

/** A program of this repository; what it writes goes to a file: reading it would cost the one who measures. */
export function startService(name: string, command: NodeCommand, env: Record<string, string>): Service {
  const { log, path } = openLog(name);
  const child = spawn(process.execPath, [...profiling(name), ...command.args], {
    cwd: ROOT,
    env: { ...process.env, ...command.env, ...env },
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const running = runningProcess(child);
  return {
    ...running,
    async untilReady(url) {
      const deadline = Date.now() + READY_WITHIN_MS;
      while (!(await answers(url))) {
        if (child.exitCode !== null || Date.now() > deadline) {
          await running.stop();
          throw new Error(`${name} did not become ready:\n${readFileSync(path, 'utf8')}`);
        }
        await sleep(20);
      }
    },
  };
}

/** A program of the bench in a process of its own, which answers what it is asked: see `support/worker.ts`. */
export interface Worker extends RunningProcess {
  ask<Reply>(request: object): Promise<Reply>;
}

export function startWorker(name: string, program: string, flags: readonly string[] = []): Worker {
  const { log, path } = openLog(name);
  const child = fork(join(ROOT, program), [], {
    cwd: ROOT,
    execArgv: [...profiling(name), ...flags],
    stdio: ['ignore', log, log, 'ipc'],
    serialization: 'advanced',
  });
  closeSync(log);
  const running = runningProcess(child);
  const ended = once(child, 'exit').then(() => {
    throw new Error(`${name} has ended:\n${readFileSync(path, 'utf8')}`);
  });
  ended.catch(() => undefined); // whoever waits for an answer is told
  return {
    ...running,
    async ask<Reply>(request: object) {
      const answer = once(child, 'message');
      child.send(request);
      const [{ reply, error }] = (await Promise.race([answer, ended])) as [{ reply: Reply; error?: string }];
      if (error !== undefined) throw new Error(`${name}: ${error}`);
      return reply;
    },
  };
}

/** BENCH_PROFILE=name makes the processes of that name write a CPU profile when they end, into the working directory. */
function profiling(name: string): string[] {
  return process.env['BENCH_PROFILE'] === name ? ['--cpu-prof', `--cpu-prof-dir=${process.cwd()}`] : [];
}

function openLog(name: string): { log: number; path: string } {
  const path = join(logs, `${++started}-${name}.log`);
  return { log: openSync(path, 'a'), path };
}

function runningProcess(child: ChildProcess): RunningProcess {
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const exited = once(child, 'exit').finally(() => process.off('exit', kill));
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      const killer = setTimeout(kill, STOP_WITHIN_MS);
      await exited.finally(() => clearTimeout(killer));
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false; // not yet
  }
}
