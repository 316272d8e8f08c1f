import { type Static, Type } from '@sinclair/typebox';
import {
  connectionOf,
  connectionProperties,
  type ServiceBusConnection,
} from '../../../src/core/service-bus/service-bus-connection.ts';
import { type CloudEvents, cloudEventsOf, cloudEventsProperties } from './cloud-events.ts';

/** Where every message goes. */
export interface Destination extends ServiceBusConnection {
  /** The topic or queue. */
  readonly entity: string;
  readonly sessions: boolean;
  /** Default: events are no CloudEvents. */
  readonly cloudEvents?: CloudEvents | undefined;
  /** How old a connection may become before the next send replaces it. Default: 30 minutes. */
  readonly maxConnectionAgeMs?: number;
}

/** What of the environment says where messages go, and in which form. A connection is required. */
export const destinationProperties = {
  ...connectionProperties,
  SERVICEBUS_ENTITY: Type.String({
    default: 'orders',
    minLength: 1,
    maxLength: 260,
    description: 'a topic or queue',
  }),
  SERVICEBUS_SESSIONS: Type.Boolean({ default: false, description: 'true or false' }),
  ...cloudEventsProperties,
};

const properties = Type.Object({ ...destinationProperties, SERVICE_NAME: Type.String() });

/** The destination that these settings name. */
export function destinationOf(config: Static<typeof properties>): Destination {
  return {
    ...connectionOf(config),
    entity: config.SERVICEBUS_ENTITY,
    sessions: config.SERVICEBUS_SESSIONS,
    cloudEvents: cloudEventsOf(config),
  };
}
