import { test } from 'node:test';
import { createStack } from '../support/stack.ts';
import { runFuzz } from './openapi-fuzz/run-fuzz.ts';

test('requests that the OpenAPI document describes, and others, are answered as it says, and stored as they are answered', async (t) => {
  const stack = await createStack(t);
  await stack.startApi().ready(`${stack.apiUrl}/health/ready`);

  await runFuzz(t, { url: stack.apiUrl, headers: {}, db: stack.db, requests: 20_000 });
});
