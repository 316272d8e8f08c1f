import { type Static, Type } from '@sinclair/typebox';
import { type Route, Routing } from '../../outbox/routing.ts';
import { parseRoutes, routesFault } from './routes-text.ts';

/** Where messages go. */
export interface Destination {
  readonly connectionString?: string | undefined;
  /** Fully qualified; signs in through Entra ID. */
  readonly namespace?: string | undefined;
  /** The topic or queue of each message that neither its row nor a route sends to another. */
  readonly entity: string;
  readonly routes?: readonly Route[];
  /** Of all of them. */
  readonly sessions: boolean;
  /** How old a connection may become before the next send replaces it. Default: 30 minutes. */
  readonly maxConnectionAgeMs?: number;
}

/** What of the environment says where messages go. One of the first two is required. */
export const destinationProperties = {
  SERVICEBUS_CONNECTION_STRING: Type.Optional(
    Type.String({
      description:
        'Endpoint=sb://...;SharedAccessKeyName=...;SharedAccessKey=..., unless SERVICEBUS_NAMESPACE is set',
      check: connectionStringFault,
    }),
  ),
  SERVICEBUS_NAMESPACE: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9.-]+$',
      description: 'NAME.servicebus.windows.net (Entra ID), unless SERVICEBUS_CONNECTION_STRING is set',
      check: (_name: string, { SERVICEBUS_CONNECTION_STRING: other }: Readonly<Record<string, unknown>>) =>
        other === undefined ? undefined : 'SERVICEBUS_CONNECTION_STRING is set, too',
    }),
  ),
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
};

const properties = Type.Object(destinationProperties);

/** The destination that these settings name. */
export function destinationOf(config: Static<typeof properties>): Destination {
  return {
    connectionString: config.SERVICEBUS_CONNECTION_STRING,
    namespace: config.SERVICEBUS_NAMESPACE,
    entity: config.SERVICEBUS_ENTITY,
    routes: routesOf(config),
    sessions: config.SERVICEBUS_SESSIONS,
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

/** What keeps a sender of SERVICEBUS_ENTITY from being made of it. */
function connectionStringFault(
  text: string,
  { SERVICEBUS_ENTITY: entity }: Readonly<Record<string, unknown>>,
): string | undefined {
  if (/^["']|["']$/.test(text)) return 'it is in quotes';
  const parts = new Map(
    text.split(';').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at).trim(), part.slice(at + 1).trim()] as const;
    }),
  );
  if (!parts.get('Endpoint')?.startsWith('sb://')) return 'it has no Endpoint=sb://';
  const hasKey = parts.get('SharedAccessKeyName') && parts.get('SharedAccessKey');
  if (!hasKey && !parts.get('SharedAccessSignature'))
    return 'it has no SharedAccessKeyName and SharedAccessKey';
  const path = parts.get('EntityPath');
  return path === undefined || path === entity
    ? undefined
    : `its EntityPath is ${path}, and SERVICEBUS_ENTITY is ${String(entity)}: make them the same, to the letter`;
}
