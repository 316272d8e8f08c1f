import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relaySteadyLoad } from './steady-load.ts';

const minutes = Number(process.env['LOAD_MINUTES'] ?? 60);

test(`of ${minutes} minutes of steady load nothing stays in memory`, {
  timeout: (minutes + 5) * 60_000,
}, async (t) => {
  const end = performance.now() + minutes * 60_000;
  const peaks = await relaySteadyLoad(t, (steps) => steps < 8 || performance.now() < end);

  const early = peaks[Math.floor(peaks.length / 4)] ?? 0;
  const late = peaks.at(-1) ?? 0;
  assert.ok(
    late < 1.25 * early + 10,
    `resident ${early} MiB after a quarter of the time, ${late} MiB in the end`,
  );
});
