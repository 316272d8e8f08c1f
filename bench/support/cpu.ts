import { readdirSync, readFileSync } from 'node:fs';

// Linux only: /proc knows what every process has used, also those that have ended. A tick is a hundredth of a second.
const TICK_US = 10_000;

/** What has its CPU time taken: processes by name. */
export type Metered = Readonly<Record<string, () => number>>;

/** CPU microseconds that a process has used, user and system. */
export function processCpuUs(pid: number): number {
  const { user, system } = readStat(pid);
  return (user + system) * TICK_US;
}

/** The same of a process, its children and those that have ended: a PostgreSQL server with all its backends. */
export function treeCpuUs(pid: number): number {
  const { user, system, endedUser, endedSystem } = readStat(pid);
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat.parent === pid);
  const live = children.reduce((sum, child) => sum + child.user + child.system, 0);
  return (user + system + endedUser + endedSystem + live) * TICK_US;
}

/** Begins to count; the function it returns tells what each has used since then, divided by `units`. */
export function startCpuMeter(metered: Metered): (units: number) => Record<string, number> {
  const before = Object.entries(metered).map(([name, read]) => [name, read, read()] as const);
  return (units) => Object.fromEntries(before.map(([name, read, start]) => [name, (read() - start) / units]));
}

/** The most memory a process has had, and what it has now, in MiB. */
export function memoryMb(pid: number): { readonly peak: number; readonly now: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) / 1024;
  return { peak: read('VmHWM'), now: read('VmRSS') };
}

interface Stat {
  readonly parent: number;
  readonly user: number;
  readonly system: number;
  readonly endedUser: number;
  readonly endedSystem: number;
}

/** Zeros for a process that is gone. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function readStat(pid: number): Stat {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error;
  }
  // The name of the program stands in brackets and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const number = (index: number) => Number(fields[index] ?? 0);
  return {
    parent: number(1),
    user: number(11),
    system: number(12),
    endedUser: number(13),
    endedSystem: number(14),
  };
}
