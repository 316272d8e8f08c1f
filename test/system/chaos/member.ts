import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { History } from './history.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface MemberOptions {
  readonly name: string;
  /** What node is given. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Everything it writes goes there. */
  readonly logFile: string;
  readonly history: History;
}

/** A process of the system that is started again when it ends without having been told to, as an orchestrator does. */
export class Member {
  readonly name: string;
  /** How often it ended without having been told to: with a code of its own, and by a signal. */
  readonly ownEnds = { exits: 0, kills: 0 };
  readonly #options: MemberOptions;
  #child: ChildProcess | undefined;
  /** It is not to be running. */
  #down = true;
  #again: NodeJS.Timeout | undefined;

  constructor(options: MemberOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** Starts it unless it runs; `env` is added for this one time. */
  start(env: Readonly<Record<string, string>> = {}): void {
    this.#down = false;
    clearTimeout(this.#again);
    if (this.#child) return;
    const { name, args, logFile, history } = this.#options;
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, ...this.#options.env, ...env },
      stdio: ['ignore', log, log],
      // A session of its own: Ctrl-C in a terminal is for the rig, which then stops its parts.
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    running.add(child);
    history.add(`${name} started`, { pid: child.pid });
    child.once('exit', (code, signal) => {
      this.#child = undefined;
      running.delete(child);
      history.add(`${name} ended`, { code, signal });
      if (this.#down) return;
      this.ownEnds[signal === null ? 'exits' : 'kills']++;
      this.#again = setTimeout(() => this.start(), 500);
    });
  }

  /** Sends the signal and waits for the end; it stays down until `start`. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#down = true;
    clearTimeout(this.#again);
    const child = this.#child;
    if (!child) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Sends a signal that does not end it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }
}
