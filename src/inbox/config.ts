import { type TProperties, Type } from '@sinclair/typebox';
import { durationConfig, poolerConfig, portConfig, sharedConfig } from '../core/config.ts';
import { RETENTION_PATTERN } from '../core/retention-period.ts';
import { connectionProperties } from '../core/service-bus/service-bus-connection.ts';
import { consumersFault } from './consumer.ts';

/** What every process with an inbox reads. */
export const inboxProperties = {
  ...sharedConfig,
  ...connectionProperties,
  DATABASE_POOLER: poolerConfig,
  INBOX_SUBSCRIPTIONS: Type.String({
    minLength: 1,
    description:
      'topic/subscription or a queue, several separated by commas, =hold behind one whose messages wait for a person',
    check: consumersFault,
  }),
  INBOX_SESSIONS: Type.Boolean({ default: false, description: 'true or false' }),
  INBOX_CONCURRENCY: Type.Integer({
    default: 8,
    minimum: 1,
    maximum: 100,
    description: 'a number of messages from 1 to 100',
  }),
  INBOX_RETENTION: Type.String({
    default: '30d',
    pattern: RETENTION_PATTERN,
    description: 'a number of days, hours or minutes such as 30d, 12h or 90m, or off',
  }),
  INBOX_HOST: Type.String({ default: '0.0.0.0', minLength: 1, description: 'an address to listen on' }),
  INBOX_PORT: portConfig(5002),
};

const namespace = {
  anyOf: [{ required: ['SERVICEBUS_CONNECTION_STRING'] }, { required: ['SERVICEBUS_NAMESPACE'] }],
};

/** What a process with an inbox reads from the environment: the properties of every inbox, and these. */
export const inboxConfigOf = <P extends TProperties>(own: P) =>
  Type.Object({ ...inboxProperties, ...own }, namespace);

const { DATABASE_URL, DATABASE_AUTH, DATABASE_POOLER, INBOX_SUBSCRIPTIONS } = inboxProperties;

/** What the command for dead letters needs of it. */
export const deadLettersConfig = Type.Object(
  { DATABASE_URL, DATABASE_AUTH, DATABASE_POOLER, INBOX_SUBSCRIPTIONS, ...connectionProperties },
  namespace,
);

/** What the inbox of the order service reads. */
export const inboxConfig = inboxConfigOf({ ORDER_EXPIRES_AFTER: Type.Optional(durationConfig()) });
