import { test } from 'node:test';
import { relayHugeTransaction } from './huge-transaction.ts';

test('a transaction of 30,000 rows of 2 KB does not fill the memory, and survives a kill in its middle', async (t) => {
  await relayHugeTransaction(t, 30_000);
});
