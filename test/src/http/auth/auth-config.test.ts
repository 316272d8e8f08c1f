import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiConfig } from '../../../../src/config.ts';
import { loadConfig } from '../../../../src/core/config.ts';
import { oidcSettings } from '../../../../src/http/auth/auth-config.ts';

const DATABASE_URL = 'postgres://127.0.0.1/orders';
const OIDC = { OIDC_ISSUER: 'https://issuer.example/', OIDC_AUDIENCE: 'order-service' };
const PRODUCTION = { NODE_ENV: 'production' };

test('an issuer and an audience are enough, the rest has defaults', () => {
  assert.deepEqual(oidcSettings(loadConfig(apiConfig, { DATABASE_URL, ...OIDC, ...PRODUCTION })), {
    issuer: 'https://issuer.example/',
    audience: 'order-service',
    jwksUri: undefined,
    customerClaim: 'customer_id',
  });
});

test('without an issuer everybody is let in: in production only when that is asked for', () => {
  for (const env of [{}, { API_AUTH: 'none' }, { ...PRODUCTION, API_AUTH: 'none' }]) {
    assert.equal(oidcSettings(loadConfig(apiConfig, { DATABASE_URL, ...env })), undefined);
  }
});

const FAULTS: [env: Record<string, string>, named: RegExp][] = [
  [PRODUCTION, /NODE_ENV: .*set OIDC_ISSUER and OIDC_AUDIENCE, or API_AUTH=none/],
  [{ OIDC_ISSUER: OIDC.OIDC_ISSUER }, /OIDC_ISSUER: .*OIDC_AUDIENCE is missing/],
  [{ OIDC_AUDIENCE: 'order-service' }, /OIDC_AUDIENCE: .*OIDC_ISSUER is missing/],
  [{ OIDC_JWKS_URI: 'https://issuer.example/keys' }, /OIDC_JWKS_URI: .*OIDC_ISSUER is missing/],
  [{ ...PRODUCTION, OIDC_AUDIENCE: 'order-service' }, /OIDC_AUDIENCE[\s\S]*/],
  [{ ...OIDC, API_AUTH: 'none' }, /API_AUTH: .*contradicts OIDC_ISSUER/],
  [{ API_AUTH: 'off' }, /API_AUTH: .*none, or not set/],
  [{ ...OIDC, OIDC_ISSUER: 'issuer.example' }, /OIDC_ISSUER: .*no URL/],
  [{ ...OIDC, OIDC_ISSUER: 'http://issuer.example' }, /OIDC_ISSUER: .*https:/],
  [{ ...OIDC, OIDC_ISSUER: 'http://localhost.example' }, /OIDC_ISSUER: .*https:/],
  [{ ...OIDC, OIDC_ISSUER: 'file:///etc/passwd' }, /OIDC_ISSUER: .*https:/],
  [{ ...OIDC, OIDC_ISSUER: 'https://user:hunter2@issuer.example' }, /OIDC_ISSUER: .*a user/],
  [{ ...OIDC, OIDC_ISSUER: 'https://issuer.example?a=b' }, /OIDC_ISSUER: .*a query/],
  [{ ...OIDC, OIDC_JWKS_URI: 'http://issuer.example/keys' }, /OIDC_JWKS_URI: .*https:/],
];

for (const [env, named] of FAULTS) {
  test(`${JSON.stringify(env)} is a fault of the configuration`, () => {
    assert.throws(
      () => loadConfig(apiConfig, { DATABASE_URL, ...env }),
      (error: Error & { code?: string }) => {
        assert.equal(error.code, 'CONFIG_INVALID');
        assert.match(error.message, named);
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  });
}

test('an issuer on this machine may speak http', () => {
  for (const OIDC_ISSUER of ['http://127.0.0.1:5400', 'http://localhost:5400', 'http://[::1]:5400']) {
    assert.equal(
      oidcSettings(loadConfig(apiConfig, { DATABASE_URL, ...OIDC, OIDC_ISSUER }))?.issuer,
      OIDC_ISSUER,
    );
  }
});
