import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a program has to end by itself once its test has ended. */
const GRACE_MS = 3_000;

/**
 * Ends what was started with this folder as its TMPDIR and is still there after a moment, whoever its parent is by now, and
 * deletes the folder. Returns the command lines of what it had to end. Processes are found by /proc: elsewhere than on Linux none.
 */
export async function clearAway(folder: string, graceMs = GRACE_MS): Promise<string[]> {
  const deadline = Date.now() + graceMs;
  const ended = new Set<string>();
  for (;;) {
    const left = processesOf(folder);
    if (left.length === 0) break;
    if (Date.now() >= deadline) {
      for (const { pid, command } of left) {
        ended.add(command);
        kill(pid);
      }
    }
    await sleep(50);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  return [...ended];
}

interface LeftProcess {
  readonly pid: number;
  readonly command: string;
}

function processesOf(folder: string): LeftProcess[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(pid, 'environ').includes(`TMPDIR=${folder}`))
    .map((pid) => ({ pid: Number(pid), command: read(pid, 'cmdline').join(' ') }));
}

/** Empty for a process that has ended, and for one of another account. */
function read(pid: string, file: 'environ' | 'cmdline'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1').split('\0');
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
