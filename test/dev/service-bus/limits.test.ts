import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adjustedLimits, limits } from '../../../dev/service-bus/limits.ts';

test('every limit says where it comes from', () => {
  for (const [name, { source }] of Object.entries(limits)) {
    assert.match(source, /^https:\/\/(learn\.microsoft\.com|github\.com\/Azure)\//, name);
  }
});

test('a limit that is not given has the value of the service', () => {
  const { connections, idleLinkMs } = adjustedLimits({ idleLinkMs: 5 });

  assert.deepEqual([connections, idleLinkMs], [5_000, 5]);
});
