import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Claims } from '../../../dev/service-bus/claims.ts';

const cases = [
  { put: 'orders', asked: 'orders', allowed: true },
  { put: 'orders', asked: 'Orders/Subscriptions/all', allowed: true },
  { put: '', asked: 'orders', allowed: true },
  { put: 'orders', asked: 'orders-queue', allowed: false },
  { put: 'orders/$management', asked: 'orders', allowed: false },
] as const;

for (const { put, asked, allowed } of cases) {
  test(`a token for '${put}' ${allowed ? 'allows' : 'does not allow'} '${asked}'`, () => {
    const claims = new Claims();

    claims.put(put, 1_000);

    assert.equal(claims.refusal(asked, 999) === undefined, allowed);
    assert.notEqual(claims.refusal(asked, 1_000), undefined);
  });
}
