import { type Static, Type } from '@sinclair/typebox';
import { type CloudEvents, cloudEventsOf, cloudEventsProperties } from './cloud-events.ts';

/** Where every message goes. */
export interface Destination {
  readonly connectionString?: string | undefined;
  /** Fully qualified; signs in through Entra ID. */
  readonly namespace?: string | undefined;
  /** The topic or queue. */
  readonly entity: string;
  readonly sessions: boolean;
  /** Default: events are no CloudEvents. */
  readonly cloudEvents?: CloudEvents | undefined;
  /** How old a connection may become before the next send replaces it. Default: 30 minutes. */
  readonly maxConnectionAgeMs?: number;
}

/** What of the environment says where messages go, and in which form. One of the first two is required. */
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
  SERVICEBUS_SESSIONS: Type.Boolean({ default: false, description: 'true or false' }),
  ...cloudEventsProperties,
};

const properties = Type.Object({ ...destinationProperties, SERVICE_NAME: Type.String() });

/** The destination that these settings name. */
export function destinationOf(config: Static<typeof properties>): Destination {
  return {
    connectionString: config.SERVICEBUS_CONNECTION_STRING,
    namespace: config.SERVICEBUS_NAMESPACE,
    entity: config.SERVICEBUS_ENTITY,
    sessions: config.SERVICEBUS_SESSIONS,
    cloudEvents: cloudEventsOf(config),
  };
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
