import { test } from 'node:test';
import { createDatabase } from '../../support/database.ts';
import { insertManyOrders } from '../../support/many-orders.ts';
import { assertPagesUseIndexes } from '../../support/plans.ts';

const ORDERS = Number(process.env['ORDERS'] ?? 1_000_000);

test(`a page of ${ORDERS} orders comes from an index, whichever filters it has`, async (t) => {
  const { pool } = await createDatabase(t);
  await insertManyOrders(pool, ORDERS);

  await assertPagesUseIndexes(pool, ORDERS);
});
