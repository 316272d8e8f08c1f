import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseSystem } from '../../examples/choose-system.ts';

const SYSTEMS = ['eu', 'us', 'ap'];
const TENANTS = Array.from({ length: 3_000 }, (_, n) => `tenant-${n}`);

test('a tenant is always at the same system, in whatever order they are listed, and each has about its share', () => {
  const chosen = TENANTS.map((tenant) => chooseSystem(tenant, SYSTEMS));

  assert.deepEqual(
    TENANTS.map((tenant) => chooseSystem(tenant, SYSTEMS.toReversed())),
    chosen,
  );
  for (const system of SYSTEMS) {
    const share = chosen.filter((each) => each === system).length;
    assert.ok(share > 900 && share < 1_100, `${system}: ${share}`);
  }
});

test('a new system takes some from each, and nobody else moves', () => {
  const moved = TENANTS.filter(
    (tenant) => chooseSystem(tenant, SYSTEMS) !== chooseSystem(tenant, [...SYSTEMS, 'sa']),
  );

  assert.ok(moved.length > 600 && moved.length < 900, `${moved.length} moved`);
  for (const tenant of moved) assert.equal(chooseSystem(tenant, [...SYSTEMS, 'sa']), 'sa');
  assert.equal(new Set(moved.map((tenant) => chooseSystem(tenant, SYSTEMS))).size, SYSTEMS.length);
});

test('of no system none can be chosen', () => {
  assert.throws(() => chooseSystem('tenant-1', []), { message: 'There is no system to choose from' });
});
