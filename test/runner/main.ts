import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { commandLine } from '../../dev/command-line.ts';
import { printFile, printSummary } from './print-summary.ts';
import { type FileResult, runHere } from './run-file.ts';
import { type RunLimits, runFiles } from './run-files.ts';
import { filesOf, TIERS, type Tier, tierOf } from './tiers.ts';
import { watchReport } from './watch-report.ts';

// The test command. Unit tests run here, in this process; every other file in one of its own, several at a time, on one PostgreSQL.

const MINUTE_MS = 60_000;
const CORES = availableParallelism();
const LIMITS: RunLimits = {
  testMs: 10 * MINUTE_MS,
  fileMs: 12 * MINUTE_MS,
  runMs: 30 * MINUTE_MS,
  // Most of them wait most of the time: for a lease, a time limit, a program that starts.
  atATime: 2 * CORES,
};
// A million orders are a minute, ten million ten.
const LONG_LIMITS: RunLimits = {
  testMs: 60 * MINUTE_MS,
  fileMs: 90 * MINUTE_MS,
  runMs: 240 * MINUTE_MS,
  atATime: CORES,
};

const USAGE = `Tests: npm test -- [OPTION ...] [PATH ...]
Without a PATH, every test file but the long ones.

  --name PATTERN  only tests whose name, after those of its suites, this regular expression finds
  --tier TIER     only unit, integration, system or long; may be given several times
  --watch         run unit tests again after each change
  --minutes N     the time limit of the whole run
  --at-a-time N   how many files run at a time
`;

const { values, positionals, refuse } = commandLine(USAGE, {
  allowPositionals: true,
  options: {
    name: { type: 'string' },
    tier: { type: 'string', multiple: true, default: ['unit', 'integration', 'system'] },
    watch: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    'at-a-time': { type: 'string' },
  },
});
const files = positionals.length > 0 ? testFiles(positionals) : filesOf(values.tier.map(toTier));
const ofUnits = files.filter((file) => tierOf(file) === 'unit');
const others = files.filter((file) => tierOf(file) !== 'unit');
const usual = files.some((file) => tierOf(file) === 'long') ? LONG_LIMITS : LIMITS;
const limits: RunLimits = {
  ...usual,
  ...(values.name !== undefined && { name: toPattern(values.name) }),
  runMs: (number('minutes') ?? usual.runMs / MINUTE_MS) * MINUTE_MS,
  atATime: number('at-a-time') ?? usual.atATime,
};

if (values.watch) watch();
else {
  const results: FileResult[] = [];
  if (ofUnits.length > 0) {
    const result = await runHere(ofUnits, limits);
    printFile(result, files.length === 1);
    results.push(result);
  }
  if (others.length > 0) results.push(...(await runFiles(others, limits)));
  if (values.name !== undefined && results.every(isEmpty)) refuse(`No test has a name like ${values.name}`);
  printSummary(results);
  if (results.some(({ failures }) => failures.length > 0)) process.exitCode ||= 1;
}

/** Runs the unit tests again whenever one of them, or what it imports, has changed; the terminal's Ctrl-C ends it. */
function watch(): void {
  if (others.length > 0) refuse('Only unit tests can be watched');
  const { name } = limits;
  run({ files: ofUnits, isolation: 'none', watch: true, ...(name && { testNamePatterns: [name] }) })
    .compose(watchReport)
    .pipe(process.stdout);
}

function testFiles(paths: readonly string[]): string[] {
  for (const path of paths) {
    if (!existsSync(path)) refuse(`There is no test file ${path}`);
    try {
      tierOf(path);
    } catch (error) {
      refuse((error as Error).message);
    }
  }
  return [...new Set(paths)];
}

function toTier(text: string): Tier {
  return TIERS.find((tier) => tier === text) ?? refuse(`There is no tier ${text}`);
}

function toPattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    return refuse(`--name ${text} is no regular expression`);
  }
}

function number(option: 'minutes' | 'at-a-time'): number | undefined {
  const text = values[option];
  if (text !== undefined && !(Number(text) > 0)) refuse(`--${option} must be a number, not ${text}`);
  return text === undefined ? undefined : Number(text);
}

function isEmpty({ passed, skipped, failures }: FileResult): boolean {
  return passed + skipped + failures.length === 0;
}
