import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSagaChaos } from './chaos/saga/run-saga-chaos.ts';
import { printSagaVerdict } from './chaos/saga/saga-verdict.ts';

// Twenty seconds of it in every test run, another one each time; `npm run chaos -- --saga` is the same for as long as you like.
// CHAOS_SEED=N runs the plan of faults again that another run has printed.

test('twenty seconds of faults: every order ends as its messages say, each effect once and in order, and the stock adds up', async (t) => {
  const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1_000_000));
  t.diagnostic(`seed ${seed}`);

  const result = await runSagaChaos({ seconds: 20, seed, rate: 6, sessions: seed % 2 === 0 });

  const verdict = printSagaVerdict(result);
  assert.deepEqual(result.violations, [], verdict);
  assert.ok(result.evidence.orders.length > 0 && result.evidence.handled.length > 0, verdict);
  assert.ok(
    result.faults.some(({ bit }) => bit),
    verdict,
  );
});
