import { test } from 'node:test';
import { relaySteadyLoad } from './steady-load.ts';

test('of 60,000 events under steady load nothing stays in memory', async (t) => {
  await relaySteadyLoad(t, (steps) => steps < 6);
});
