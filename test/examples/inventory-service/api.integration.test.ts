import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildApi } from '../../../examples/inventory-service/api.ts';
import { createLogger } from '../../../src/core/log.ts';
import { cleanup } from '../../support/cleanup.ts';
import { openInventory } from './open-inventory.ts';

test('the stock can be read, and a product restocked, also one that is new', async (t) => {
  const { pool } = await openInventory(t);
  const api = buildApi(pool, createLogger({ level: 'silent', service: 'test' }));
  cleanup(t, () => api.close());
  const restock = (productId: string, body: object) =>
    api.inject({ method: 'POST', url: `/api/inventory/${productId}/restock`, payload: body });

  const more = await restock('prod-456', { quantity: 5 });
  const first = await restock('prod-1', { quantity: 7 });
  const refused = await restock('prod-456', { quantity: 0 });

  assert.deepEqual(more.json(), { productId: 'prod-456', available: 105, reserved: 0, version: 2 });
  assert.deepEqual(first.json(), { productId: 'prod-1', available: 7, reserved: 0, version: 1 });
  assert.equal(refused.statusCode, 400, refused.body);
  assert.equal(refused.headers['content-type'], 'application/problem+json; charset=utf-8');
  const listed = (await api.inject('/api/inventory')).json<{ productId: string; available: number }[]>();
  assert.deepEqual(
    listed.map(({ productId, available }) => [productId, available]),
    [
      ['prod-1', 7],
      ['prod-456', 105],
      ['prod-789', 50],
    ],
  );
});
