import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/core/config.ts';
import { inboxConfig } from '../../../src/inbox/config.ts';

const CONNECTION = 'Endpoint=sb://localhost;SharedAccessKeyName=k;SharedAccessKey=s';
const LEAST = {
  DATABASE_URL: 'postgres://u:p@localhost/orders',
  SERVICEBUS_CONNECTION_STRING: CONNECTION,
  INBOX_SUBSCRIPTIONS: 'inventory/order-service',
};

const load = (env: NodeJS.ProcessEnv) => loadConfig(inboxConfig, env);

/** The refusal of this environment, and the names of the variables that it complains about. */
function refused(env: NodeJS.ProcessEnv): { names: string[]; message: string } {
  try {
    load(env);
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    assert.equal(code, 'CONFIG_INVALID');
    return { names: [...message.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name ?? ''), message };
  }
  return { names: [], message: '' };
}

test('with only what is required, everything else has its default', () => {
  assert.deepEqual(load(LEAST), {
    ...LEAST,
    DATABASE_AUTH: 'password',
    LOG_LEVEL: 'info',
    SERVICE_NAME: 'OrderService',
    INBOX_SESSIONS: false,
    INBOX_CONCURRENCY: 8,
    INBOX_RETENTION: '30d',
    INBOX_HOST: '0.0.0.0',
    INBOX_PORT: 5002,
  });
});

for (const [name, text, value] of [
  ['INBOX_SUBSCRIPTIONS', 'inventory/order-service=hold, refunds', 'inventory/order-service=hold, refunds'],
  ['INBOX_SESSIONS', 'true', true],
  ['INBOX_CONCURRENCY', '100', 100],
  ['INBOX_RETENTION', 'off', 'off'],
  ['INBOX_RETENTION', '12h', '12h'],
  ['ORDER_EXPIRES_AFTER', '15m', '15m'],
  ['INBOX_PORT', '0', 0],
  ['DATABASE_POOLER', 'transaction', 'transaction'],
] as const) {
  test(`${name}=${text} is accepted`, () => {
    const config = load({ ...LEAST, [name]: text }) as Record<string, unknown>;

    assert.equal(config[name], value);
  });
}

for (const [name, text] of [
  ['INBOX_SUBSCRIPTIONS', 'inventory/'],
  ['INBOX_SUBSCRIPTIONS', 'inventory,inventory'],
  ['INBOX_SESSIONS', 'yes'],
  ['INBOX_CONCURRENCY', '0'],
  ['INBOX_CONCURRENCY', '101'],
  ['INBOX_CONCURRENCY', '1.5'],
  ['INBOX_RETENTION', '30'],
  ['ORDER_EXPIRES_AFTER', 'off'],
  ['ORDER_EXPIRES_AFTER', '0m'],
  ['INBOX_PORT', '65536'],
  ['SERVICEBUS_NAMESPACE', 'orders.servicebus.windows.net'],
  ['SERVICEBUS_CONNECTION_STRING', `${CONNECTION};EntityPath=inventory`],
] as const) {
  test(`${name}=${text} is refused by its name`, () => {
    assert.deepEqual(refused({ ...LEAST, [name]: text }).names, [name]);
  });
}

test('the wrong part of INBOX_SUBSCRIPTIONS is named, and what it has to be', () => {
  const { message } = refused({ ...LEAST, INBOX_SUBSCRIPTIONS: 'inventory/order-service,payments=drop' });

  assert.match(
    message,
    /INBOX_SUBSCRIPTIONS: bad value \("payments=drop": after = comes hold or continue\); it must be topic\/subscription or a queue/,
  );
});

test('without subscriptions or a broker it is refused', () => {
  const { DATABASE_URL } = LEAST;

  assert.deepEqual(refused({ DATABASE_URL }).names.sort(), [
    'INBOX_SUBSCRIPTIONS',
    'SERVICEBUS_CONNECTION_STRING',
    'SERVICEBUS_NAMESPACE',
  ]);
});
