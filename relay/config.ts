import { type Static, Type } from '@sinclair/typebox';
import { databaseUrl, portConfig, sharedConfig } from '../src/core/config.ts';
import { signInUrl } from '../src/core/database-auth.ts';
import { RETENTION_PATTERN } from '../src/core/retention-period.ts';
import { CONSOLE_MODES, type ConsoleMode } from './console/console-mode.ts';
import { OUTBOX_TABLE_PATTERN } from './outbox/outbox-table.ts';
import { destinationProperties, routingOf } from './publishing/service-bus/destination.ts';
import { SLOT_FAILOVERS, type SlotFailover } from './recovery/slot-failover.ts';

const identifier = (value: string) =>
  Type.String({
    default: value,
    pattern: '^[a-z0-9_]{1,63}$',
    description: 'up to 63 lower-case letters, digits, _',
  });

const properties = {
  ...sharedConfig,
  RELAY_DATABASE_URL: Type.Optional(
    databaseUrl('postgres://..., a role with REPLICATION, straight to the server'),
  ),
  RELAY_HOST: Type.String({ default: '0.0.0.0', minLength: 1, description: 'an address to listen on' }),
  RELAY_PORT: portConfig(5001),
  OUTBOX_TABLE: Type.String({
    default: 'outbox',
    pattern: OUTBOX_TABLE_PATTERN,
    description: 'table or schema.table, each of letters, digits and _, the table up to 40 of them',
  }),
  RELAY_SLOT: identifier('order_outbox'),
  RELAY_SLOT_FAILOVER: Type.Unsafe<SlotFailover>({
    type: 'string',
    enum: SLOT_FAILOVERS,
    default: 'auto',
    description: `one of ${SLOT_FAILOVERS.join(', ')}`,
  }),
  RELAY_PUBLICATION: identifier('order_outbox'),
  OUTBOX_RETENTION: Type.String({
    default: '30d',
    pattern: RETENTION_PATTERN,
    description: 'a number of days, hours or minutes such as 30d, 12h or 90m, or off',
  }),
  RELAY_WAL_LIMIT_MB: Type.Integer({ default: 4096, minimum: 1, description: 'megabytes, 1 or more' }),
  RELAY_WAL_LIMIT_MINUTES: Type.Integer({ default: 60, minimum: 1, description: 'minutes, 1 or more' }),
  NODE_ENV: Type.String({ default: 'development', description: 'a name; production turns the console off' }),
  RELAY_CONSOLE: Type.Optional(
    Type.Unsafe<ConsoleMode>({
      type: 'string',
      enum: CONSOLE_MODES,
      description: `one of ${CONSOLE_MODES.join(', ')}`,
      check: operateNeedsToken,
    }),
  ),
  RELAY_CONSOLE_TOKEN: Type.Optional(
    Type.String({ pattern: '^[!-~]{16,}$', description: '16 printable characters or more, without a space' }),
  ),
  RELAY_CONSOLE_DEV_URL: Type.Optional(
    Type.String({
      pattern: '^http://127\\.0\\.0\\.1:\\d{1,5}$',
      description: 'http://127.0.0.1:port, as npm run dev sets it, and not in production',
      check: notInProduction,
    }),
  ),
  ...destinationProperties,
};

function notInProduction(_url: string, { NODE_ENV }: Readonly<Record<string, unknown>>) {
  return NODE_ENV === 'production' ? 'it is for development, and NODE_ENV is production' : undefined;
}

function operateNeedsToken(mode: string, { RELAY_CONSOLE_TOKEN: token }: Readonly<Record<string, unknown>>) {
  return mode === 'operate' && token === undefined ? 'operate needs RELAY_CONSOLE_TOKEN' : undefined;
}

export { routingOf };

export const relayConfig = Type.Object(properties, {
  anyOf: [{ required: ['SERVICEBUS_CONNECTION_STRING'] }, { required: ['SERVICEBUS_NAMESPACE'] }],
});

type RelayConfig = Static<typeof relayConfig>;

const { DATABASE_URL, DATABASE_AUTH, RELAY_DATABASE_URL, OUTBOX_TABLE, RELAY_SLOT, RELAY_PUBLICATION } =
  properties;
const { SERVICEBUS_ENTITY, SERVICEBUS_ROUTES } = properties;

/** What the operator's command needs of it. */
export const outboxCommandConfig = Type.Object({
  DATABASE_URL,
  DATABASE_AUTH,
  RELAY_DATABASE_URL,
  OUTBOX_TABLE,
  RELAY_SLOT,
  SERVICEBUS_ENTITY,
  SERVICEBUS_ROUTES,
});

/** What its `init` needs, to print SQL and to run it. */
export const initSqlConfig = Type.Object({ OUTBOX_TABLE, RELAY_PUBLICATION });
export const initApplyConfig = Type.Object({ DATABASE_URL, DATABASE_AUTH, OUTBOX_TABLE, RELAY_PUBLICATION });

/** The URL for the relay's own connections, with the way to sign in. */
export function relayDatabaseUrl(
  config: Pick<RelayConfig, 'DATABASE_URL' | 'DATABASE_AUTH' | 'RELAY_DATABASE_URL'>,
): string {
  return signInUrl(config.RELAY_DATABASE_URL ?? config.DATABASE_URL, config.DATABASE_AUTH);
}
