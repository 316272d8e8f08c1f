import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiConfig } from '../../src/config.ts';
import { loadConfig } from '../../src/core/config.ts';
import { edgeOptions } from '../../src/edge-config.ts';

const DATABASE_URL = 'postgres://127.0.0.1/orders';
const load = (env: Record<string, string>) => edgeOptions(loadConfig(apiConfig, { DATABASE_URL, ...env }));

test('everything is off unless it is set', () => {
  assert.deepEqual(load({}), {
    corsOrigins: undefined,
    rateLimit: undefined,
    trustProxy: undefined,
    httpsRedirect: false,
    publicBasePath: undefined,
    tls: undefined,
  });
});

test('each setting becomes what the app takes', () => {
  const options = load({
    CORS_ORIGIN: 'https://shop.example.com, http://localhost:3000',
    RATE_LIMIT: '100/1m',
    TRUST_PROXY: '10.0.0.0/8, ::1, loopback',
    HTTPS_REDIRECT: 'true',
    PUBLIC_BASE_PATH: '/shop/v1',
  });

  assert.deepEqual(options, {
    corsOrigins: ['https://shop.example.com', 'http://localhost:3000'],
    rateLimit: { requests: 100, windowSeconds: 60 },
    trustProxy: ['10.0.0.0/8', '::1', 'loopback'],
    httpsRedirect: true,
    publicBasePath: '/shop/v1',
    tls: undefined,
  });
  assert.deepEqual(load({ CORS_ORIGIN: '*' }).corsOrigins, ['*']);
  assert.deepEqual(load({ RATE_LIMIT: '5/24h' }).rateLimit, { requests: 5, windowSeconds: 86_400 });
});

const BAD: [env: Record<string, string>, fault: RegExp][] = [
  [{ CORS_ORIGIN: 'shop.example.com' }, /CORS_ORIGIN: bad value .*no origin/],
  [{ CORS_ORIGIN: 'https://shop.example.com/' }, /CORS_ORIGIN: bad value .*no origin/],
  [{ CORS_ORIGIN: 'https://a.example.com,*' }, /CORS_ORIGIN: bad value .*\* stands alone/],
  [{ CORS_ORIGIN: 'null' }, /CORS_ORIGIN: bad value/],
  [{ RATE_LIMIT: '100' }, /RATE_LIMIT: bad value/],
  [{ RATE_LIMIT: '0/1m' }, /RATE_LIMIT: bad value/],
  [{ RATE_LIMIT: '100/1d' }, /RATE_LIMIT: bad value/],
  [{ RATE_LIMIT: '100/25h' }, /RATE_LIMIT: bad value/],
  [{ TRUST_PROXY: 'true' }, /TRUST_PROXY: bad value .*name the proxies/],
  [{ TRUST_PROXY: '1' }, /TRUST_PROXY: bad value .*name the proxies/],
  [{ TRUST_PROXY: '10.0.0.0/33' }, /TRUST_PROXY: bad value .*no address/],
  [{ TRUST_PROXY: 'proxy.internal' }, /TRUST_PROXY: bad value .*no address/],
  [{ HTTPS_REDIRECT: 'true' }, /HTTPS_REDIRECT: bad value .*redirected for ever/],
  [{ HTTPS_REDIRECT: 'perhaps' }, /HTTPS_REDIRECT: bad value/],
  [{ PUBLIC_BASE_PATH: 'shop' }, /PUBLIC_BASE_PATH: bad value/],
  [{ PUBLIC_BASE_PATH: '/shop/' }, /PUBLIC_BASE_PATH: bad value/],
  [{ PUBLIC_BASE_PATH: '//evil.example.com' }, /PUBLIC_BASE_PATH: bad value/],
  [{ TLS_CERT_FILE: '/nowhere.crt' }, /TLS_CERT_FILE: bad value .*TLS_KEY_FILE is missing/],
  [{ TLS_KEY_FILE: '/nowhere.key' }, /TLS_KEY_FILE: bad value .*TLS_CERT_FILE is missing/],
  [
    { TLS_CERT_FILE: '/nowhere.crt', TLS_KEY_FILE: '/nowhere.key' },
    /TLS_CERT_FILE: bad value .*ENOENT.*nowhere\.crt/,
  ],
  [
    { TLS_CERT_FILE: 'package.json', TLS_KEY_FILE: 'package.json' },
    /TLS_CERT_FILE: bad value .*cannot be used/,
  ],
];

for (const [env, fault] of BAD) {
  test(`${JSON.stringify(env)} is refused by its name`, () => {
    assert.throws(() => load(env), { code: 'CONFIG_INVALID', message: fault });
  });
}
