import { type Static, Type } from '@sinclair/typebox';
import {
  connectionOf,
  connectionProperties,
  type ServiceBusConnection,
} from '../../../src/core/service-bus/service-bus-connection.ts';

/** Where every message goes. */
export interface Destination extends ServiceBusConnection {
  /** The topic or queue. */
  readonly entity: string;
  readonly sessions: boolean;
  /** How old a connection may become before the next send replaces it. Default: 30 minutes. */
  readonly maxConnectionAgeMs?: number;
}

/** What of the environment says where messages go. A connection is required. */
export const destinationProperties = {
  ...connectionProperties,
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
    ...connectionOf(config),
    entity: config.SERVICEBUS_ENTITY,
    sessions: config.SERVICEBUS_SESSIONS,
  };
}
