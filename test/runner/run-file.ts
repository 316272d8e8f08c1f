import { mkdirSync } from 'node:fs';
import { relative } from 'node:path';
import { run, type TestsStream } from 'node:test';
import { spec } from 'node:test/reporters';
import { clearAway } from './left-behind.ts';

const DRIZZLE_RESOLUTION = new URL('../../src/db/drizzle-resolution.ts', import.meta.url).href;

export interface FileResult {
  readonly files: readonly string[];
  readonly passed: number;
  readonly skipped: number;
  /** The names of the tests that failed, and what else was wrong. */
  readonly failures: readonly string[];
  readonly ms: number;
  /** What the tests told, for people. */
  readonly report: string;
}

export interface FileLimits {
  /** For one test. */
  readonly testMs: number;
  /** For the whole file. */
  readonly fileMs: number;
  /** Only tests whose name this finds. */
  readonly name?: RegExp;
}

/** Runs the files in this process, one after the other. */
export function runHere(files: string[], { testMs, name }: FileLimits): Promise<FileResult> {
  return collect(files, run({ files, isolation: 'none', timeout: testMs, ...named(name) }));
}

/**
 * Runs a file in a process of its own, with a folder for all that it makes. When it has ended, or has taken too long, or the
 * run is stopped, nothing that it started is left; what had to be ended by force is a failure.
 */
export async function runApart(
  file: string,
  { testMs, fileMs, name }: FileLimits,
  folder: string,
  stopped: AbortSignal,
): Promise<FileResult> {
  mkdirSync(folder, { mode: 0o755 });
  const tooLate = AbortSignal.timeout(fileMs);
  const options = {
    files: [file],
    timeout: testMs,
    ...named(name),
    signal: AbortSignal.any([stopped, tooLate]),
    // Where drizzle is imported, that is half of what the start of a file costs.
    execArgv: ['--import', DRIZZLE_RESOLUTION],
    // What `run` can do, and its types do not say yet.
    env: { ...process.env, TMPDIR: folder },
  };
  const result = await collect([file], run(options));
  const inTime = !options.signal.aborted;
  const left = await clearAway(folder, inTime ? undefined : 0);
  // Of a file that was ended, what is told below is the failure.
  const failures = result.failures.filter(
    (failure) => inTime || failure !== `${relative('', file)}: ${file}`,
  );
  if (tooLate.aborted) failures.push(`${file} had not ended after ${fileMs / 1000} s`);
  else if (stopped.aborted) failures.push(`${file} had not ended`);
  else failures.push(...left.map((command) => `${file} left a process behind: ${command}`));
  return { ...result, failures };
}

function named(name: RegExp | undefined) {
  return name && { testNamePatterns: [name] };
}

async function collect(files: readonly string[], events: TestsStream): Promise<FileResult> {
  const startedAt = performance.now();
  const failures: string[] = [];
  let passed = 0;
  let skipped = 0;
  events.on('test:pass', ({ name, details, skip }) => {
    // A file of which no test is run passes as if it were one.
    if (details.type === 'suite' || files.includes(name)) return;
    if (skip === undefined) passed++;
    else skipped++;
  });
  events.on('test:fail', ({ name, file, details }) => {
    if (details.type !== 'suite') failures.push(`${relative('', file ?? '')}: ${name}`);
  });
  let report = '';
  for await (const text of events.compose(new spec())) report += text;
  return { files, passed, skipped, failures, ms: performance.now() - startedAt, report };
}
