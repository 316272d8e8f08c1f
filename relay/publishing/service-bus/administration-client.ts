import { ServiceBusAdministrationClient } from '@azure/service-bus';
import { azureCredential } from '../../../src/core/azure-credential.ts';
import type { Destination } from './destination.ts';

const EMULATOR = /(^|;)\s*UseDevelopmentEmulator=true\s*(;|$)/i;

/** Where an emulator answers about its entities, in plain HTTP: https://github.com/Azure/azure-service-bus-emulator-installer */
export const EMULATOR_PORT = 5300;

/** Asks about entities once, without tries of its own. Throws a TypeError or an Error for what the SDK cannot read. */
export async function administrationClient(
  { connectionString, namespace = '' }: Destination,
  emulatorPort = EMULATOR_PORT,
): Promise<ServiceBusAdministrationClient> {
  const options = { retryOptions: { maxRetries: 0 } };
  if (connectionString === undefined) {
    return new ServiceBusAdministrationClient(namespace, await azureCredential(), options);
  }
  const client = new ServiceBusAdministrationClient(connectionString, options);
  if (EMULATOR.test(connectionString)) goToEmulator(client, emulatorPort);
  return client;
}

/** The SDK knows only HTTPS, on the port of the connection string. Tokens are signed for the address that is asked. */
function goToEmulator({ pipeline }: ServiceBusAdministrationClient, port: number): void {
  pipeline.addPolicy(
    {
      name: 'emulatorPolicy',
      sendRequest(request, next) {
        const url = new URL(request.url.replace(/^https:/, 'http:'));
        url.port = String(port);
        request.url = url.href;
        request.allowInsecureConnection = true;
        return next(request);
      },
    },
    { beforePolicies: ['signingPolicy'] },
  );
}
