import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { printFile, printSummary } from './print-summary.ts';
import { type FileResult, runHere } from './run-file.ts';
import { type RunLimits, runFiles } from './run-files.ts';
import { filesOf, type Tier, tierOf } from './tiers.ts';

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

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tier: { type: 'string', multiple: true, default: ['unit', 'integration', 'system'] },
    watch: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    'at-a-time': { type: 'string' },
  },
});
const files = positionals.length > 0 ? [...new Set(positionals)] : filesOf(values.tier as Tier[]);
const missing = files.filter((file) => !existsSync(file));
if (missing.length > 0) throw new Error(`There is no test file ${missing.join(', ')}`);
if (files.length === 0) throw new Error(`There is no test file of the tier ${values.tier.join(', ')}`);

const ofUnits = files.filter((file) => tierOf(file) === 'unit');
const others = files.filter((file) => tierOf(file) !== 'unit');
const usual = files.some((file) => tierOf(file) === 'long') ? LONG_LIMITS : LIMITS;
const limits: RunLimits = {
  ...usual,
  runMs: values.minutes === undefined ? usual.runMs : Number(values.minutes) * MINUTE_MS,
  atATime: Number(values['at-a-time'] ?? usual.atATime),
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
  printSummary(results);
  if (results.some(({ failures }) => failures.length > 0)) process.exitCode ||= 1;
}

/** Runs the unit tests again whenever one of them, or what it imports, has changed; the terminal's Ctrl-C ends it. */
function watch(): void {
  if (others.length > 0) throw new Error('Only unit tests can be watched');
  run({ files: ofUnits, isolation: 'none', watch: true }).compose(new spec()).pipe(process.stdout);
}
