import type { TestContext } from 'node:test';
import type pg from 'pg';
import { cleanup } from './cleanup.ts';

/** Makes every insert into orders wait; returns what lets them go on, which the end of the test does too. */
export async function lockOrders(t: TestContext, db: pg.Pool): Promise<() => Promise<void>> {
  const holder = await db.connect();
  await holder.query('BEGIN');
  await holder.query('LOCK TABLE orders');
  let released: Promise<void> | undefined;
  const release = () => {
    released ??= holder.query('ROLLBACK').then(() => holder.release());
    return released;
  };
  cleanup(t, release);
  return release;
}
