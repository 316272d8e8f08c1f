import { test } from 'node:test';
import { runHistories } from './orders-model/run-histories.ts';

test('the api does what a model of it does, through long histories with kills', async (t) => {
  await runHistories(t, 30_000);
});
