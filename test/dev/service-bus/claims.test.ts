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

    claims.put(put, 1_000, ['Send']);

    assert.equal(claims.refusal(asked, 'Send', 999, '') === undefined, allowed);
    assert.notEqual(claims.refusal(asked, 'Send', 1_000, ''), undefined);
  });
}

test('a token allows what its policy has the right to, and names what it has not', () => {
  const claims = new Claims();
  claims.put('orders', 1_000, ['Send']);
  claims.put('', 2_000, ['Listen']);

  assert.equal(claims.expiresAt('orders', 'Send'), 1_000);
  assert.equal(claims.expiresAt('orders', 'Listen'), 2_000);
  assert.match(
    claims.refusal('orders', 'Manage', 0, 'sb://host/orders')?.description ?? '',
    /^Unauthorized access\. 'Manage' claim\(s\) .* Resource: 'sb:\/\/host\/orders'\.$/,
  );
});
