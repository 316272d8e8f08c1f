import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runChaos } from './chaos/run-chaos.ts';
import { printVerdict } from './chaos/verdict.ts';

// Half a minute of it in every test run, another one each time; `npm run chaos` is the same for as long as you like.
// CHAOS_SEED=N runs the plan of faults again that another run has printed.

test('half a minute of faults: nothing lost, invented, altered, out of order, or repeated without a reason', async (t) => {
  const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1_000_000));
  t.diagnostic(`seed ${seed}`);

  const result = await runChaos({ seconds: 30, seed, rate: 50 });

  const verdict = printVerdict(result);
  assert.deepEqual(result.violations, [], verdict);
  assert.ok(result.orders.acknowledged > 0 && result.events.committed > 0, verdict);
  assert.ok(
    result.faults.some(({ bit }) => bit),
    verdict,
  );
});
