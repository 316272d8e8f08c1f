import { test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { insertManyOrders } from '../../support/many-orders.ts';
import { assertPagesUseIndexes } from '../../support/plans.ts';

test('a page of 100,000 orders comes from an index, whichever filters it has', async (t) => {
  const { pool } = await createDatabase(t);
  await insertManyOrders(pool, 100_000);

  await assertPagesUseIndexes(pool, 100_000);
});
