import { type Static, Type } from '@sinclair/typebox';

/** Where every message goes. */
export interface Destination {
  readonly connectionString?: string | undefined;
  /** Fully qualified; signs in through Entra ID. */
  readonly namespace?: string | undefined;
  /** The topic or queue. */
  readonly entity: string;
  readonly sessions: boolean;
  /** How old a connection may become before the next send replaces it. Default: 30 minutes. */
  readonly maxConnectionAgeMs?: number;
}

/** What of the environment says where messages go. One of the first two is required. */
export const destinationProperties = {
  SERVICEBUS_CONNECTION_STRING: Type.Optional(
    Type.String({
      pattern: 'Endpoint=sb://',
      description:
        'Endpoint=sb://...;SharedAccessKeyName=...;SharedAccessKey=..., unless SERVICEBUS_NAMESPACE is set',
    }),
  ),
  SERVICEBUS_NAMESPACE: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9.-]+$',
      description: 'NAME.servicebus.windows.net (Entra ID), unless SERVICEBUS_CONNECTION_STRING is set',
    }),
  ),
  SERVICEBUS_ENTITY: Type.String({
    default: 'orders',
    minLength: 1,
    maxLength: 260,
    description: 'a topic or queue',
  }),
  SERVICEBUS_SESSIONS: Type.Boolean({ default: false, description: 'true or false' }),
};

const properties = Type.Object(destinationProperties);

/** The destination that these settings name. */
export function destinationOf(config: Static<typeof properties>): Destination {
  return {
    connectionString: config.SERVICEBUS_CONNECTION_STRING,
    namespace: config.SERVICEBUS_NAMESPACE,
    entity: config.SERVICEBUS_ENTITY,
    sessions: config.SERVICEBUS_SESSIONS,
  };
}
