import type { TestContext } from 'node:test';
import { ServiceBusClient, type ServiceBusClientOptions, ServiceBusError } from '@azure/service-bus';
import type { NamespaceOptions } from '../../../dev/service-bus/namespace-config.ts';
import type { LocalServiceBus, ServiceBusOptions } from '../../../dev/service-bus/service-bus.ts';
import { openServiceBus } from '../../../dev/service-bus/service-bus.ts';

/** How long a receiver waits for what must be there. */
export const soon = { maxWaitTimeInMs: 5_000 };

const clients = new WeakMap<TestContext, ServiceBusClient[]>();

/** A broker on free ports, closed when the test ends. */
export async function openBroker(
  t: TestContext,
  namespace: NamespaceOptions,
  options: ServiceBusOptions = {},
): Promise<LocalServiceBus> {
  const bus = await openServiceBus({ port: 0, ...options, namespace });
  t.after(async () => {
    // Clients first: one that is closed in the moment in which its connection is lost never finishes closing.
    bus.faults.heal();
    for (const client of clients.get(t) ?? []) await client.close();
    await bus.close();
  });
  return bus;
}

/** The real SDK without retries, so that a test sees the first failure; closed when the test ends, before the broker. */
export function connect(
  t: TestContext,
  connectionString: string,
  options: ServiceBusClientOptions = {},
): ServiceBusClient {
  const client = new ServiceBusClient(connectionString, {
    retryOptions: { maxRetries: 0, timeoutInMs: 5_000 },
    ...options,
  });
  clients.set(t, [...(clients.get(t) ?? []), client]);
  return client;
}

/** The code of the SDK's error that a promise fails with. */
export async function failureCode(promise: Promise<unknown>): Promise<string> {
  return (await failure(promise)).code;
}

/** The SDK's error that a promise fails with. */
export async function failure(promise: Promise<unknown>): Promise<ServiceBusError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ServiceBusError) return error;
    throw error;
  }
  throw new Error('Expected a ServiceBusError, but nothing failed');
}

/** Ids of what the broker has taken in for an entity, in order. */
export function journalledIds(bus: LocalServiceBus, entity: string): (string | undefined)[] {
  return bus.journal
    .entries()
    .filter((entry) => entry.entity === entity)
    .map((entry) => entry.messageId);
}
