import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import openapiTypeScript, { astToString } from 'openapi-typescript';
import { openApp } from '../../support/app.ts';
import { compileStrictly, packageFolder } from '../../support/compile-strictly.ts';
import { tutorialOrder } from '../../support/orders.ts';

// A client as other people make one: its types by openapi-typescript from the running service, its calls by openapi-fetch.

const CLIENT = `
import createClient from 'openapi-fetch';
import type { components, paths } from './schema.ts';

type Schemas = components['schemas'];

/** Places an order, reads it, finds it in the list and cancels it. */
export async function useOrders(baseUrl: string, body: Schemas['CreateOrder']) {
  const client = createClient<paths>({ baseUrl });

  const created = await client.POST('/api/orders', { body });
  if (!created.data) throw new Error(created.error.detail);
  const path = { orderId: created.data.orderId };

  const read = await client.GET('/api/orders/{orderId}', { params: { path } });
  const order: Schemas['OrderWithHistory'] | undefined = read.data;
  const entry: Schemas['OrderHistoryEntry'] | undefined = order?.history[0];
  const by: Schemas['OrderActor'] | undefined = entry?.by;

  const list = await client.GET('/api/orders', { params: { query: { limit: 1, status: 'Pending' } } });
  const page: Schemas['OrderPage'] | undefined = list.data;

  const cancelled = await client.POST('/api/orders/{orderId}/cancel', {
    params: { path, header: { 'If-Match': '"1"' } },
    body: { reason: 'Ordered twice' },
  });
  const status: Schemas['OrderStatus'] | undefined = cancelled.data?.status;

  const again = await client.POST('/api/orders/{orderId}/cancel', {
    params: { path, header: { 'If-Match': '"1"' } },
    body: { reason: 'Ordered twice' },
  });
  const problem: Schemas['Problem'] | undefined = again.error;
  return { created: created.data, order, by, page, status, problem };
}

/** Mistakes that the compiler finds: without one of them it would complain of its line. */
export async function mistakes(client: ReturnType<typeof createClient<paths>>, order: Schemas['Order']) {
  // @ts-expect-error there is no such state
  order.status = 'pending';
  // @ts-expect-error an order has an orderId
  order.id;
  // @ts-expect-error a reason is missing
  await client.POST('/api/orders/{orderId}/cancel', { params: { path: order }, body: {} });
  // @ts-expect-error there is no such address
  await client.GET('/api/order', {});
}
`;

test('a client that is generated from the running service compiles, and places, reads, lists and cancels an order', async (t) => {
  const { url, db } = await listeningApp(t);
  const folder = await generateClient(t, url);
  writeFileSync(join(folder, 'client.ts'), CLIENT);

  assert.equal(compileStrictly(folder, 'client.ts'), '');
  const { useOrders } = await import(join(folder, 'client.ts'));
  const { created, order, by, page, status, problem } = await useOrders(url, tutorialOrder());

  assert.equal(created.totalAmount, 89.97);
  const { history, ...plain } = order;
  assert.equal(order.orderId, created.orderId);
  assert.deepEqual(page.items, [plain]);
  assert.deepEqual([history.length, by], [1, 'customer']);
  assert.equal(status, 'Cancelled');
  assert.equal(problem.status, 412);
  const { rows } = await db.query('SELECT status FROM orders');
  assert.deepEqual(rows, [{ status: 'Cancelled' }]);
});

async function listeningApp(t: TestContext) {
  const { app, db } = await openApp(t);
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), db };
}

/** A folder of its own, with the types of the service at this URL. */
async function generateClient(t: TestContext, url: string): Promise<string> {
  const folder = packageFolder(t);
  const types = await openapiTypeScript(new URL('/openapi.json', url));
  writeFileSync(join(folder, 'schema.ts'), astToString(types));
  return folder;
}
