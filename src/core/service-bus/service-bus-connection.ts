import { ServiceBusClient, type ServiceBusClientOptions } from '@azure/service-bus';
import { type Static, Type } from '@sinclair/typebox';
import { azureCredential } from '../azure-credential.ts';

/** How a namespace is reached. One of the two is there. */
export interface ServiceBusConnection {
  readonly connectionString?: string | undefined;
  /** Fully qualified; signs in through Entra ID. */
  readonly namespace?: string | undefined;
}

/** What of the environment says how the namespace is reached. One of the two is required. */
export const connectionProperties = {
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
};

const properties = Type.Object(connectionProperties);

/** The connection that these settings name. */
export function connectionOf(config: Static<typeof properties>): ServiceBusConnection {
  return {
    connectionString: config.SERVICEBUS_CONNECTION_STRING,
    namespace: config.SERVICEBUS_NAMESPACE,
  };
}

/** A client that opens no connection yet; whoever makes it closes it. Throws a TypeError for what the SDK cannot read. */
export async function createServiceBusClient(
  { connectionString, namespace = '' }: ServiceBusConnection,
  options: ServiceBusClientOptions,
): Promise<ServiceBusClient> {
  if (connectionString !== undefined) return new ServiceBusClient(connectionString, options);
  return new ServiceBusClient(namespace, await azureCredential(), options);
}

/** What keeps a client from being made of it. One that names an entity (EntityPath) is for SERVICEBUS_ENTITY alone. */
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
  if (path === undefined || path === entity) return undefined;
  return typeof entity === 'string'
    ? `its EntityPath is ${path}, and SERVICEBUS_ENTITY is ${entity}: make them the same, to the letter`
    : `its EntityPath is ${path}: take the connection string of the namespace, which has none`;
}
