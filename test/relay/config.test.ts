import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { relayConfig } from '../../relay/config.ts';
import { consoleMode } from '../../relay/console/console-mode.ts';
import { loadConfig } from '../../src/core/config.ts';

const CONNECTION =
  'Endpoint=sb://localhost;SharedAccessKeyName=k;SharedAccessKey=s;UseDevelopmentEmulator=true;';
const LEAST = { DATABASE_URL: 'postgres://u:p@localhost/orders', SERVICEBUS_CONNECTION_STRING: CONNECTION };

const load = (env: NodeJS.ProcessEnv) => loadConfig(relayConfig, env);

/** The names of the variables that the refusal of this environment complains about. */
function refused(env: NodeJS.ProcessEnv): string[] {
  try {
    load(env);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'CONFIG_INVALID');
    return [...(error as Error).message.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name ?? '');
  }
  return [];
}

test('with only what is required, everything else has its default', () => {
  assert.deepEqual(load(LEAST), {
    ...LEAST,
    DATABASE_AUTH: 'password',
    LOG_LEVEL: 'info',
    NODE_ENV: 'development',
    SERVICE_NAME: 'OrderService',
    RELAY_HOST: '0.0.0.0',
    RELAY_PORT: 5001,
    OUTBOX_TABLE: 'outbox',
    RELAY_SLOT: 'order_outbox',
    RELAY_SLOT_FAILOVER: 'auto',
    RELAY_PUBLICATION: 'order_outbox',
    OUTBOX_RETENTION: '30d',
    RELAY_WAL_LIMIT_MB: 4_096,
    RELAY_WAL_LIMIT_MINUTES: 60,
    SERVICEBUS_ENTITY: 'orders',
    SERVICEBUS_SESSIONS: false,
    EVENT_FORMAT: 'plain',
  });
});

const EMULATOR = 'UseDevelopmentEmulator=true;';

const ACCEPTED: [string, string, unknown][] = [
  ['DATABASE_URL', 'postgresql://db/orders', 'postgresql://db/orders'],
  ['RELAY_DATABASE_URL', 'postgres://relay@db:5432/orders?sslmode=require', undefined],
  ['RELAY_HOST', '::1', undefined],
  ['RELAY_PORT', '0', 0],
  ['RELAY_PORT', '65535', 65_535],
  ['OUTBOX_TABLE', 'Sales.OutboxMessages_2', undefined],
  ['OUTBOX_TABLE', `${'s'.repeat(63)}.${'t'.repeat(40)}`, undefined],
  ['RELAY_SLOT', 's', undefined],
  ['RELAY_SLOT', 'a'.repeat(63), undefined],
  ['RELAY_PUBLICATION', 'outbox_2', undefined],
  ['OUTBOX_RETENTION', 'off', undefined],
  ['OUTBOX_RETENTION', '90m', undefined],
  ['OUTBOX_RETENTION', '12h', undefined],
  ['RELAY_WAL_LIMIT_MB', '1', 1],
  ['RELAY_WAL_LIMIT_MINUTES', '1440', 1_440],
  ['SERVICEBUS_CONNECTION_STRING', CONNECTION.replace(EMULATOR, 'EntityPath=orders'), undefined],
  ['SERVICEBUS_CONNECTION_STRING', `SharedAccessKeyName=k;SharedAccessKey=a=;Endpoint=sb://x/`, undefined],
  [
    'SERVICEBUS_CONNECTION_STRING',
    'Endpoint=sb://x/;SharedAccessSignature=SharedAccessSignature sr=x',
    undefined,
  ],
  ['SERVICEBUS_ENTITY', 'sales/orders', undefined],
  ['SERVICEBUS_ROUTES', 'OrderCreated=orders,Order*=orders-lifecycle', undefined],
  ['SERVICEBUS_SESSIONS', 'true', true],
  ['SERVICEBUS_SESSIONS', 'false', false],
  ['EVENT_FORMAT', 'plain', undefined],
  ['EVENT_FORMAT', 'cloudevents', undefined],
  ['RELAY_CONSOLE', 'off', undefined],
  ['RELAY_CONSOLE', 'read', undefined],
  ['RELAY_CONSOLE_TOKEN', 'x'.repeat(16), undefined],
  ['RELAY_CONSOLE_DEV_URL', 'http://127.0.0.1:40000', undefined],
  ['LOG_LEVEL', 'debug', undefined],
  ['SERVICE_NAME', 'relay', undefined],
];

for (const [name, text, value] of ACCEPTED) {
  test(`${name}=${text} is accepted`, () => {
    const config = load({ ...LEAST, [name]: text }) as Record<string, unknown>;

    assert.deepEqual(config[name], value ?? text);
  });
}

const REFUSED: [string, string][] = [
  ['DATABASE_URL', 'localhost/orders'],
  ['DATABASE_URL', 'mysql://localhost/orders'],
  ['RELAY_DATABASE_URL', 'http://localhost'],
  ['RELAY_PORT', '-1'],
  ['RELAY_PORT', '65536'],
  ['RELAY_PORT', '50.5'],
  ['RELAY_PORT', 'http'],
  ['OUTBOX_TABLE', 't'.repeat(41)],
  ['OUTBOX_TABLE', `${'s'.repeat(64)}.outbox`],
  ['OUTBOX_TABLE', 'a.b.outbox'],
  ['OUTBOX_TABLE', '.outbox'],
  ['OUTBOX_TABLE', '"app".outbox'],
  ['OUTBOX_TABLE', 'outbox; DROP TABLE orders'],
  ['OUTBOX_TABLE', '2outbox'],
  ['RELAY_SLOT', 'Order'],
  ['RELAY_SLOT', 'a-b'],
  ['RELAY_SLOT', 'a'.repeat(64)],
  ['RELAY_PUBLICATION', 'a b'],
  ['RELAY_PUBLICATION', "a'b"],
  ['OUTBOX_RETENTION', '30'],
  ['OUTBOX_RETENTION', '0d'],
  ['OUTBOX_RETENTION', '1.5h'],
  ['OUTBOX_RETENTION', '30 d'],
  ['OUTBOX_RETENTION', 'never'],
  ['RELAY_WAL_LIMIT_MB', '0'],
  ['RELAY_WAL_LIMIT_MB', '1GB'],
  ['RELAY_WAL_LIMIT_MINUTES', '0'],
  ['RELAY_WAL_LIMIT_MINUTES', '0.5'],
  ['SERVICEBUS_CONNECTION_STRING', 'orders.servicebus.windows.net'],
  ['SERVICEBUS_CONNECTION_STRING', `"${CONNECTION}"`],
  ['SERVICEBUS_CONNECTION_STRING', `'${CONNECTION}'`],
  ['SERVICEBUS_CONNECTION_STRING', CONNECTION.replace(EMULATOR, 'EntityPath=other')],
  ['SERVICEBUS_CONNECTION_STRING', CONNECTION.replace(EMULATOR, 'EntityPath=Orders')],
  ['SERVICEBUS_CONNECTION_STRING', 'Endpoint=sb://localhost;SharedAccessKeyName=k'],
  ['RELAY_DATABASE_URL', 'postgres://u:p@h:notaport/d'],
  ['SERVICEBUS_NAMESPACE', 'orders.servicebus.windows.net'],
  ['SERVICEBUS_ENTITY', 'e'.repeat(261)],
  ['SERVICEBUS_ROUTES', 'OrderCreated'],
  ['SERVICEBUS_ROUTES', 'A=b,A=c'],
  ['SERVICEBUS_SESSIONS', 'yes'],
  ['EVENT_FORMAT', 'CloudEvents'],
  ['CLOUDEVENTS_SOURCE', '/orders'],
  ['CLOUDEVENTS_SCHEMA_URL', 'https://orders.example.com/schemas'],
  ['RELAY_CONSOLE', 'on'],
  ['RELAY_CONSOLE', 'operate'],
  ['RELAY_CONSOLE_TOKEN', 'x'.repeat(15)],
  ['RELAY_CONSOLE_DEV_URL', 'http://example.com:40000'],
  ['RELAY_CONSOLE_TOKEN', 'sixteen or more, with spaces'],
  ['LOG_LEVEL', 'loud'],
];

for (const [name, text] of REFUSED) {
  test(`${name}=${text} is refused by its name`, () => {
    assert.deepEqual(refused({ ...LEAST, [name]: text }), [name]);
  });
}

test('with EVENT_FORMAT=cloudevents, its source is a URI reference and the schemas have an address', () => {
  const env = { ...LEAST, EVENT_FORMAT: 'cloudevents' };
  const [SOURCE, SCHEMA_URL] = ['CLOUDEVENTS_SOURCE', 'CLOUDEVENTS_SCHEMA_URL'];

  for (const source of ['/orders', 'urn:service:orders', 'https://orders.example.com/a?b#c'])
    assert.deepEqual(refused({ ...env, [SOURCE]: source }), []);
  assert.deepEqual(refused({ ...env, [SCHEMA_URL]: 'https://orders.example.com/schemas' }), []);
  for (const source of ['order service', 'bestellungen/ü', '<orders>'])
    assert.deepEqual(refused({ ...env, [SOURCE]: source }), [SOURCE], source);
  for (const url of ['orders.example.com', 'https://', 'https://orders.example.com/schemas/', 'http://a b'])
    assert.deepEqual(refused({ ...env, [SCHEMA_URL]: url }), [SCHEMA_URL], url);
});

test('without a database it is refused', () => {
  assert.deepEqual(refused({ SERVICEBUS_CONNECTION_STRING: CONNECTION }), ['DATABASE_URL']);
});

test('with neither a connection string nor a namespace both are named', () => {
  assert.deepEqual(refused({ DATABASE_URL: LEAST.DATABASE_URL }), [
    'SERVICEBUS_CONNECTION_STRING',
    'SERVICEBUS_NAMESPACE',
  ]);
});

test('either of the two is enough', () => {
  const { DATABASE_URL } = LEAST;

  assert.deepEqual(refused({ DATABASE_URL, SERVICEBUS_CONNECTION_STRING: CONNECTION }), []);
  assert.deepEqual(refused({ DATABASE_URL, SERVICEBUS_NAMESPACE: 'x.servicebus.windows.net' }), []);
});

test('a namespace is checked as well', () => {
  const { DATABASE_URL } = LEAST;

  assert.deepEqual(refused({ DATABASE_URL, SERVICEBUS_NAMESPACE: 'sb://orders' }), ['SERVICEBUS_NAMESPACE']);
});

test('what is wrong is said, and no key is shown', () => {
  const SERVICEBUS_CONNECTION_STRING = CONNECTION.replace(EMULATOR, 'EntityPath=Orders').replace(
    '=s;',
    '=hidden;',
  );

  assert.throws(
    () => load({ ...LEAST, SERVICEBUS_CONNECTION_STRING }),
    ({ message }: Error) =>
      /its EntityPath is Orders, and SERVICEBUS_ENTITY is orders/.test(message) &&
      !message.includes('hidden'),
  );
});

test('routes are refused that a connection string of one entity cannot reach', () => {
  const SERVICEBUS_CONNECTION_STRING = CONNECTION.replace(EMULATOR, 'EntityPath=orders');

  assert.throws(
    () => load({ ...LEAST, SERVICEBUS_CONNECTION_STRING, SERVICEBUS_ROUTES: 'A=orders,B=log' }),
    /SERVICEBUS_ROUTES: bad value \(log cannot be reached by .* EntityPath=orders: use one of the namespace\)/,
  );
});

test('every bad variable is named at once', () => {
  const names = refused({ RELAY_PORT: 'x', RELAY_SLOT: 'A', SERVICEBUS_SESSIONS: 'maybe' });

  assert.deepEqual(names.toSorted(), [
    'DATABASE_URL',
    'RELAY_PORT',
    'RELAY_SLOT',
    'SERVICEBUS_CONNECTION_STRING',
    'SERVICEBUS_NAMESPACE',
    'SERVICEBUS_SESSIONS',
  ]);
});

test('an empty variable is one that is not set', () => {
  const config = load({ ...LEAST, RELAY_SLOT: '', SERVICEBUS_NAMESPACE: '', RELAY_DATABASE_URL: '' });

  assert.equal(config.RELAY_SLOT, 'order_outbox');
  assert.equal(config.RELAY_DATABASE_URL, undefined);
});

test('a secret may come as a file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'relay-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'secret');
  writeFileSync(file, `${CONNECTION}\n`);

  const config = load({ DATABASE_URL: LEAST.DATABASE_URL, SERVICEBUS_CONNECTION_STRING_FILE: file });

  assert.equal(config.SERVICEBUS_CONNECTION_STRING, CONNECTION);
});

test('who may operate by the console needs a token, and is told so', () => {
  assert.throws(
    () => load({ ...LEAST, RELAY_CONSOLE: 'operate' }),
    /RELAY_CONSOLE: bad value \(operate needs RELAY_CONSOLE_TOKEN\)/,
  );
  const config = load({ ...LEAST, RELAY_CONSOLE: 'operate', RELAY_CONSOLE_TOKEN: 'x'.repeat(16) });
  assert.equal(config.RELAY_CONSOLE, 'operate');
});

test('what breaks things is refused in production', () => {
  assert.throws(
    () => load({ ...LEAST, NODE_ENV: 'production', RELAY_CONSOLE_DEV_URL: 'http://127.0.0.1:40000' }),
    /RELAY_CONSOLE_DEV_URL: bad value \(it is for development, and NODE_ENV is production\)/,
  );
});

test('the console is there to look at, except in production; what is said wins', () => {
  assert.equal(consoleMode(undefined, 'development'), 'read');
  assert.equal(consoleMode(undefined, 'production'), 'off');
  assert.equal(consoleMode('operate', 'production'), 'operate');
  assert.equal(consoleMode('off', 'development'), 'off');
});
