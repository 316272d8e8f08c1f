import { existsSync } from 'node:fs';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { printFile, printSummary } from './print-summary.ts';
import { type FileResult, runHere } from './run-file.ts';
import { runFiles } from './run-files.ts';
import { filesOf, type Tier, tierOf } from './tiers.ts';

// The test command. Unit tests run here, in this process; every other file in one of its own, several at a time, on one PostgreSQL.

const MINUTE_MS = 60_000;
const LIMITS = { testMs: 5 * MINUTE_MS, fileMs: 10 * MINUTE_MS, runMs: 30 * MINUTE_MS };
// A million orders are a minute, ten million ten.
const LONG_LIMITS = { testMs: 60 * MINUTE_MS, fileMs: 90 * MINUTE_MS, runMs: 240 * MINUTE_MS };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tier: { type: 'string', multiple: true, default: ['unit', 'integration', 'system'] },
    watch: { type: 'boolean', default: false },
    minutes: { type: 'string' },
  },
});
const files = positionals.length > 0 ? positionals : filesOf(values.tier as Tier[]);
const missing = files.filter((file) => !existsSync(file));
if (missing.length > 0) throw new Error(`There is no test file ${missing.join(', ')}`);
if (files.length === 0) throw new Error(`There is no test file of the tier ${values.tier.join(', ')}`);

const ofUnits = files.filter((file) => tierOf(file) === 'unit');
const others = files.filter((file) => tierOf(file) !== 'unit');
const limits = { ...(files.some((file) => tierOf(file) === 'long') ? LONG_LIMITS : LIMITS) };
if (values.minutes !== undefined) limits.runMs = Number(values.minutes) * MINUTE_MS;

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
