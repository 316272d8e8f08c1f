import assert from 'node:assert/strict';
import { drizzle } from 'drizzle-orm/node-postgres';
import type pg from 'pg';
import type { Database } from '../../src/db/database.ts';
import { listOrders } from '../../src/orders/order-store.ts';

export interface Plan {
  /** The nodes of the plan that read a table: "orders by idx_orders_created_at". */
  readonly scans: readonly string[];
  /** How many rows the whole plan has looked at, those that a filter dropped among them. */
  readonly rowsRead: number;
}

/** How PostgreSQL carries out each statement that `work` makes. */
export async function plansOf(pool: pg.Pool, work: (db: Database) => Promise<unknown>): Promise<Plan[]> {
  const statements: [sql: string, params: unknown[]][] = [];
  await work(drizzle(pool, { logger: { logQuery: (sql, params) => statements.push([sql, params]) } }));
  const plans: Plan[] = [];
  for (const [sql, params] of statements) plans.push(await planOf(pool, sql, params));
  return plans;
}

/** How PostgreSQL carries out a statement. */
export async function planOf(pool: pg.Pool, sql: string, params: readonly unknown[]): Promise<Plan> {
  const { rows } = await pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${sql}`, [...params]);
  const nodes = nodesOf(rows[0]['QUERY PLAN'][0].Plan);
  return {
    scans: nodes
      .filter((node) => node['Relation Name'])
      .map((node) => `${node['Relation Name']} by ${node['Index Name'] ?? node['Node Type']}`),
    rowsRead: nodes.reduce(
      (sum, node) =>
        sum + (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'],
      0,
    ),
  };
}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: PlanNode[];
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

/** Fails unless a page of every combination of filters comes from an index and reads a small part of these many orders. */
export async function assertPagesUseIndexes(db: pg.Pool, orders: number): Promise<void> {
  const middle = new Date(Date.now() - (orders / 2) * 1_000);
  const ranges = [{}, { createdAfter: middle }, { createdBefore: middle }];
  for (const customerId of [undefined, 'large', 'cust-7', 'nobody']) {
    for (const status of [undefined, 'Pending', 'Cancelled', 'Shipped', 'Unknown']) {
      for (const range of ranges) {
        for (const after of [undefined, { createdAt: middle, orderId: 'f'.repeat(32) }]) {
          const query = { customerId, status, ...range, after, limit: 20 };
          const plans = await plansOf(db, (logged) => listOrders(logged, query));
          for (const { scans, rowsRead } of plans) {
            const found = `${JSON.stringify(query)}: ${scans.join()}, ${rowsRead} rows`;
            assert.ok(scans.length > 0 && scans.every((scan) => !scan.endsWith('Seq Scan')), found);
            assert.ok(rowsRead <= orders / 50, found);
          }
        }
      }
    }
  }
}
