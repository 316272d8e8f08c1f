import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { createStack, type TestStack } from '../../support/stack.ts';
import { byId, command, type Model, type ModelOrder } from './commands.ts';
import { Customer, World } from './customer.ts';

const WORLDS = 3;
const COMMANDS_IN_A_RUN = 60;

/**
 * Generated histories of requests, so many in all, against the real api process and PostgreSQL, held against a model of what an
 * order service does. FC_SEED and FC_PATH, which a failure prints, replay one.
 */
export async function runHistories(t: TestContext, minRequests: number): Promise<void> {
  const stack = await createStack(t);
  const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31);
  const path = process.env['FC_PATH'];
  // One history waits for one answer at a time: several of them, in worlds of their own, take less than their sum.
  const worlds = await Promise.all(
    Array.from({ length: path === undefined ? WORLDS : 1 }, () => World.open(stack)),
  );
  const requests = () => worlds.reduce((sum, world) => sum + world.requests, 0);

  let run = 0;
  const playIn = async (world: World) => {
    const history = historyIn(world, stack);
    do {
      await fc.assert(history, { seed: seed + run++, numRuns: 20, ...(path !== undefined && { path }) });
    } while (requests() < minRequests && path === undefined);
  };
  await Promise.all(worlds.map(playIn));

  t.diagnostic(`${requests()} requests, first seed ${seed}`);
}

function historyIn(world: World, stack: TestStack) {
  return fc.asyncProperty(
    fc.commands([command], { maxCommands: COMMANDS_IN_A_RUN, size: 'max' }),
    async (commands) => {
      const model: Model = { orders: [], keys: new Map() };
      const customer = new Customer(world);
      await fc.asyncModelRun(() => ({ model, real: customer }), commands);
      await assertStored(stack, customer.id, model);
    },
  );
}

async function assertStored({ db }: TestStack, customerId: string, model: Model): Promise<void> {
  const { rows } = await db.query<ModelOrder & { events: string[] }>(
    `SELECT order_id AS "orderId", total_amount::float8 AS "totalAmount", status, version,
       (SELECT array_agg(message_type ORDER BY position) FROM outbox WHERE aggregate_id = order_id) AS events
     FROM orders WHERE customer_id = $1`,
    [customerId],
  );
  const expected = model.orders.map((order) => ({
    ...order,
    events: order.status === 'Cancelled' ? ['OrderCreated', 'OrderCancelled'] : ['OrderCreated'],
  }));
  assert.deepEqual(rows.toSorted(byId), expected.toSorted(byId));
}
