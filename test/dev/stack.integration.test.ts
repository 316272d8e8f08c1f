import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStack } from '../support/stack.ts';

test('two stacks run side by side', async (t) => {
  const stacks = await Promise.all([createStack(t), createStack(t)]);

  const ports = stacks.flatMap(({ postgres, bus }) => [postgres.port, bus.port, bus.healthPort]);
  assert.equal(new Set(ports).size, 6);
});
