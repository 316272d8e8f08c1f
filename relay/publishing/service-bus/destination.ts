import { type Static, Type } from '@sinclair/typebox';
import {
  connectionOf,
  connectionProperties,
  type ServiceBusConnection,
} from '../../../src/core/service-bus/service-bus-connection.ts';
import { type Route, Routing } from '../../outbox/routing.ts';
import { type CloudEvents, cloudEventsOf, cloudEventsProperties } from './cloud-events.ts';
import { parseRoutes, routesFault } from './routes-text.ts';

/** Where messages go. */
export interface Destination extends ServiceBusConnection {
  /** The topic or queue of each message that neither its row nor a route sends to another. */
  readonly entity: string;
  readonly routes?: readonly Route[];
  /** Of all of them. */
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
  SERVICEBUS_ROUTES: Type.Optional(
    Type.String({
      description:
        'TYPE=ENTITY,TYPE=ENTITY..., a * at the end of a type or alone; the first that fits counts',
      check: (text: string, config: Readonly<Record<string, unknown>>) =>
        routesFault(text) ?? otherPathFault(text, config),
    }),
  ),
  SERVICEBUS_SESSIONS: Type.Boolean({ default: false, description: 'true or false' }),
  ...cloudEventsProperties,
};

const properties = Type.Object({ ...destinationProperties, SERVICE_NAME: Type.String() });

/** The destination that these settings name. */
export function destinationOf(config: Static<typeof properties>): Destination {
  return {
    ...connectionOf(config),
    entity: config.SERVICEBUS_ENTITY,
    routes: routesOf(config),
    sessions: config.SERVICEBUS_SESSIONS,
    cloudEvents: cloudEventsOf(config),
  };
}

/** Which messages go to which topic or queue by these settings. */
export function routingOf(
  config: Pick<Static<typeof properties>, 'SERVICEBUS_ENTITY' | 'SERVICEBUS_ROUTES'>,
): Routing {
  return new Routing(config.SERVICEBUS_ENTITY, routesOf(config));
}

function routesOf({
  SERVICEBUS_ROUTES: text,
}: Pick<Static<typeof properties>, 'SERVICEBUS_ROUTES'>): Route[] {
  return text === undefined ? [] : parseRoutes(text);
}

/** A connection string with an EntityPath leads to that entity alone. */
function otherPathFault(
  text: string,
  { SERVICEBUS_CONNECTION_STRING: connectionString = '' }: Readonly<Record<string, unknown>>,
): string | undefined {
  const path = /(?:^|;)\s*EntityPath=([^;]*)/.exec(String(connectionString))?.[1];
  const other = path && parseRoutes(text).find(({ destination }) => destination !== path);
  return other
    ? `${other.destination} cannot be reached by a SERVICEBUS_CONNECTION_STRING with EntityPath=${path}: use one of the namespace`
    : undefined;
}
