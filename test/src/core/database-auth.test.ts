import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relayConfig, relayDatabaseUrl } from '../../../relay/config.ts';
import { apiConfig } from '../../../src/config.ts';
import { loadConfig } from '../../../src/core/config.ts';
import { connectionConfig, signInUrl } from '../../../src/core/database-auth.ts';

const AZURE = 'postgres://order_api@orders.postgres.database.azure.com/orders?sslmode=verify-full';

const CASES: [url: string, fault: RegExp | undefined][] = [
  [AZURE, undefined],
  ['postgres://order_api@127.0.0.1/orders', undefined],
  ['postgres://order_api:secret@127.0.0.1/orders', /DATABASE_URL has a password.*leave it out/],
  ['postgres://127.0.0.1/orders', /DATABASE_URL needs the name of the role/],
  [AZURE.replace(/\?.*/, ''), /DATABASE_URL needs \?sslmode=verify-full/],
  [AZURE.replace('verify-full', 'disable'), /DATABASE_URL needs \?sslmode=verify-full/],
  [AZURE.replace('verify-full', 'no-verify'), /DATABASE_URL needs \?sslmode=verify-full/],
  [
    `${AZURE.replace('verify-full', 'require')}&uselibpqcompat=true`,
    /DATABASE_URL needs \?sslmode=verify-full/,
  ],
];

for (const [url, fault] of CASES) {
  test(`DATABASE_AUTH=entra with ${url} ${fault ? 'is refused' : 'is taken'}`, () => {
    const load = () => loadConfig(apiConfig, { DATABASE_URL: url, DATABASE_AUTH: 'entra' });

    if (fault) assert.throws(load, fault);
    else assert.equal(load().DATABASE_AUTH, 'entra');
  });
}

test("a fault in the relay's own URL is told by its name, and none of it is shown", () => {
  const env = {
    DATABASE_URL: AZURE,
    RELAY_DATABASE_URL: 'postgres://order_relay:secret@127.0.0.1/orders',
    DATABASE_AUTH: 'entra',
    SERVICEBUS_NAMESPACE: 'shop.servicebus.windows.net',
  };

  assert.throws(
    () => loadConfig(relayConfig, env),
    ({ message }: Error) => /RELAY_DATABASE_URL has a password/.test(message) && !message.includes('secret'),
  );
});

test('the relay signs in to its own URL as DATABASE_AUTH says', () => {
  const config = { DATABASE_URL: AZURE, RELAY_DATABASE_URL: `${AZURE}&keepalives=1` } as const;

  assert.equal(relayDatabaseUrl({ ...config, DATABASE_AUTH: 'password' }), config.RELAY_DATABASE_URL);
  assert.match(relayDatabaseUrl({ ...config, DATABASE_AUTH: 'entra' }), /keepalives=1&auth=entra$/);
});

test('only a connection that signs in with a token has a password that is asked for', () => {
  const url = 'postgres://order_api@127.0.0.1/orders';

  assert.equal(typeof connectionConfig(signInUrl(url, 'entra'), 1_000).password, 'function');
  assert.notEqual(typeof connectionConfig(signInUrl(url, 'password'), 1_000).password, 'function');
});
