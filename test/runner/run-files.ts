import { chmodSync, mkdtempSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { postgresBin } from '../../dev/postgres.ts';
import { clearAway } from './left-behind.ts';
import { printFile } from './print-summary.ts';
import { type FileLimits, type FileResult, runApart } from './run-file.ts';
import { openTestPostgres } from './test-postgres.ts';
import { type Tier, tierOf } from './tiers.ts';

export interface RunLimits extends FileLimits {
  /** For all files together. */
  readonly runMs: number;
  /** How many files run at a time. */
  readonly atATime: number;
}

/**
 * Runs each file in a process of its own, on a PostgreSQL that they share, until all have ended, the time is over or a signal
 * comes. None of their processes and folders is left then, nor the server.
 */
export async function runFiles(files: readonly string[], limits: RunLimits): Promise<FileResult[]> {
  const home = mkdtempSync(join(quickFolder(), 'order-service-test-'));
  chmodSync(home, 0o755); // PostgreSQL may run under another account
  // Before TMPDIR is another: a copy of the binaries is kept from run to run.
  process.env['POSTGRES_BIN'] = await postgresBin();
  process.env['TMPDIR'] = home;
  // What one process has compiled the next ones load: a third of what the start of a relay costs. Coverage needs it compiled anew.
  if (!process.env['NODE_V8_COVERAGE']) process.env['NODE_COMPILE_CACHE'] = join(home, 'compiled');
  const stopped = stopOnSignal(limits.runMs);
  // Those that take longest stand first, so that none of them is left over at the end. They keep a core busy: every other worker
  // begins with the short ones, which mostly wait.
  const waiting = files.toSorted((a, b) => rank(a) - rank(b));
  const results: FileResult[] = [];
  const postgres = await openTestPostgres(join(home, 'postgres'));
  try {
    process.env['TEST_POSTGRES_URL'] = postgres.url('postgres');
    const worker = async (_: unknown, n: number) => {
      const next = () => (n % 2 === 0 ? waiting.shift() : waiting.pop());
      for (let file = next(); file && !stopped.aborted; file = next()) {
        const folder = join(home, String(files.indexOf(file)));
        const result = await runApart(file, limits, folder, stopped);
        printFile(result, files.length === 1);
        results.push(result);
      }
    };
    await Promise.all(Array.from({ length: limits.atATime }, worker));
  } finally {
    await postgres.close();
    await clearAway(home, 0);
  }
  if (stopped.aborted)
    console.error(`${stopped.reason.message} ${waiting.length} of ${files.length} files had not begun.`);
  return results;
}

/** Where the tests' databases are: in memory if there is plenty of it. On a disk, to make one takes ten times as long. */
function quickFolder(): string {
  if (process.env['TMPDIR'] !== undefined) return tmpdir();
  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    return bavail * bsize > PLENTY_BYTES ? SHARED_MEMORY : tmpdir();
  } catch {
    return tmpdir(); // this system has none
  }
}

const SHARED_MEMORY = '/dev/shm';
const PLENTY_BYTES = 8 * 1024 ** 3;

const RANKS = ['long', 'system', 'integration', 'unit'] as const satisfies readonly Tier[];

function rank(file: string): number {
  // What runs the whole system under load stands in a folder of its own.
  return RANKS.indexOf(tierOf(file)) - (file.startsWith('test/system/') ? 1 : 0);
}

/**
 * Aborted by the signals that end a run, and when its time is over. One comes twice when it goes to the whole group, as Ctrl-C
 * does: npm passes on what it gets. The second must not end this process before all is cleared away.
 */
function stopOnSignal(runMs: number): AbortSignal {
  const stopping = new AbortController();
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => {
      process.exitCode = code;
      stopping.abort(new Error(`The run was stopped by ${signal}.`));
    });
  }
  const minutes = runMs / 60_000;
  const over = () => stopping.abort(new Error(`The run had not ended after ${minutes} minutes.`));
  setTimeout(over, runMs).unref();
  return stopping.signal;
}
