import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStack } from '../support/stack.ts';
import { runFuzz } from './openapi-fuzz/run-fuzz.ts';

test('requests that the OpenAPI document describes, and others, are answered as it says, and stored as they are answered', async (t) => {
  const stack = await createStack(t);
  await stack.startApi().ready(`${stack.apiUrl}/health/ready`);

  await runFuzz(t, { url: stack.apiUrl, headers: {}, db: stack.db, requests: 20_000 });
});

test('the same with a token, and nothing without one', async (t) => {
  const { issuer, ...stack } = await createStack(t, { auth: true });
  await stack.startApi().ready(`${stack.apiUrl}/health/ready`);
  const token = await issuer?.sign({ scope: 'orders:read orders:write orders:any' });

  await runFuzz(t, {
    url: stack.apiUrl,
    headers: { authorization: `Bearer ${token}` },
    db: stack.db,
    requests: 20_000,
  });

  for (const path of ['/api/orders', `/api/orders/${'f'.repeat(32)}`])
    assert.equal((await fetch(stack.apiUrl + path)).status, 401);
});
