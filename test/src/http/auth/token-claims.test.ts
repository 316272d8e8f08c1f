import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingScope, type Scope } from '../../../../src/http/auth/caller.ts';
import { toCaller } from '../../../../src/http/auth/token-claims.ts';

const SCOPES: [from: string, claims: object, scopes: string[]][] = [
  [
    'RFC 9068, Auth0 and Keycloak',
    { scope: 'openid orders:read orders:write' },
    ['openid', 'orders:read', 'orders:write'],
  ],
  ['Entra ID for a user', { scp: 'orders:read' }, ['orders:read']],
  ['Entra ID for an application', { roles: ['orders:write', 'orders:any'] }, ['orders:write', 'orders:any']],
  ['Okta', { scp: ['orders:read'] }, ['orders:read']],
  ['several at once', { scp: 'orders:read', roles: ['orders:any'] }, ['orders:read', 'orders:any']],
  ['nothing', {}, []],
  ['what is no list of names', { scope: 7, scp: [1, null], roles: { 'orders:any': true } }, []],
  [
    'a name that only contains one',
    { scope: 'x-orders:read orders:read:x Orders:write' },
    ['x-orders:read', 'orders:read:x', 'Orders:write'],
  ],
];

for (const [from, claims, scopes] of SCOPES) {
  test(`the scopes of ${from}`, () => {
    const caller = toCaller({ iss: 'i', sub: 'alice', ...claims }, 'customer_id');

    assert.deepEqual([...caller.scopes], scopes);
  });
}

test('the customer is that of the claim that is configured', () => {
  const claims = { iss: 'i', sub: 'alice', 'https://example.com/customer': 'cust-1', customer_id: 'cust-2' };

  assert.equal(toCaller(claims, 'https://example.com/customer').customerId, 'cust-1');
  assert.equal(toCaller(claims, 'customer_id').customerId, 'cust-2');
  assert.equal(toCaller(claims, 'another').customerId, undefined);
});

test('a caller is what its claims say, and no more', () => {
  assert.deepEqual(toCaller({ iss: 'i', sub: 'alice', scope: 'orders:read', email: 'a@b' }, 'customer_id'), {
    issuer: 'i',
    subject: 'alice',
    scopes: new Set(['orders:read']),
  });
});

const MISSING: [scopes: string, customerId: string | undefined, needed: Scope, missing: Scope | undefined][] =
  [
    ['orders:read', 'cust-1', 'orders:read', undefined],
    ['orders:read', 'cust-1', 'orders:write', 'orders:write'],
    ['orders:any', 'cust-1', 'orders:read', 'orders:read'],
    ['orders:read', undefined, 'orders:read', 'orders:any'],
    ['orders:read orders:any', undefined, 'orders:read', undefined],
    ['orders:read orders:any', undefined, 'orders:write', 'orders:write'],
    ['', 'cust-1', 'orders:read', 'orders:read'],
  ];

for (const [scopes, customerId, needed, missing] of MISSING) {
  test(`with "${scopes}" and ${customerId ?? 'no customer'}, ${needed} lacks ${missing ?? 'nothing'}`, () => {
    const caller = {
      issuer: 'i',
      subject: 's',
      scopes: new Set(scopes.split(' ')),
      ...(customerId && { customerId }),
    };

    assert.equal(missingScope(caller, needed), missing);
  });
}
