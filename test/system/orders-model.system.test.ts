import { test } from 'node:test';
import { runHistories } from './orders-model/run-histories.ts';

test('the api does what a model of it does, through generated histories with kills', async (t) => {
  await runHistories(t, 3_000);
});
