import { Routing } from '../../relay/outbox/routing.ts';
import type { Destination } from '../../relay/publishing/service-bus/destination.ts';
import { inspectEntity } from '../../relay/publishing/service-bus/inspect-entity.ts';
import { ServiceBusPublisher } from '../../relay/publishing/service-bus/service-bus-publisher.ts';
import { errorCode } from '../../src/core/errors.ts';
import { createLogger } from '../../src/core/log.ts';
import { check, examine, reasonOf, unasked } from '../check.ts';
import { type Finding, right, wrong } from '../finding.ts';
import { entityChecks, WHERE } from './entity-checks.ts';

export interface BrokerOptions {
  readonly destination: Destination;
  readonly outageMinutes: number;
  /** Where a local Service Bus answers about its entities. */
  readonly emulatorPort?: number | undefined;
}

const GROUP = 'Service Bus';

const AMQPS_PORT = 5671;
/** The publisher's own limit for a connection is 10 s. */
const CONNECTS_WITHIN = { eachMs: 15_000, allMs: 15_000 };

const connection = check('sending', connectFault, (fault, destination: Destination) =>
  fault === undefined
    ? right(`${destination.entity} can be reached, and the key or role may send to it`)
    : wrong(reasonOf(fault), mendSending(errorCode(fault.cause), destination)),
);

/** Whether the relay could send, without sending anything, and what each entity of its settings is like. Never rejects. */
export async function examineBroker({ destination, ...options }: BrokerOptions): Promise<Finding[]> {
  const { destinations } = new Routing(destination.entity, destination.routes);
  const found = destinations.map((entity, nth) =>
    examineEntity(
      { destination: { ...destination, entity }, ...options },
      nth === 0 ? GROUP : `${GROUP}: ${entity}`,
    ),
  );
  return (await Promise.all(found)).flat();
}

async function examineEntity(
  { destination, outageMinutes, emulatorPort }: BrokerOptions,
  group: string,
): Promise<Finding[]> {
  const [sending, entity] = await Promise.all([
    examine(group, destination, [connection], CONNECTS_WITHIN),
    examineFacts(),
  ]);
  return [...sending, ...entity];

  async function examineFacts(): Promise<Finding[]> {
    try {
      const facts = await inspectEntity(destination, emulatorPort);
      return await examine(group, { facts, destination, outageMinutes }, entityChecks);
    } catch (error) {
      return unasked(group, entityChecks, whyUnasked(error));
    }
  }
}

/** What keeps the administration API from answering. */
export function whyUnasked(error: unknown): string {
  return errorCode(error) === 'UnauthorizedRequestError'
    ? 'the key or role has no right to manage, and the processes need none: run this with one that has'
    : `the administration API says: ${reasonOf(error)}`;
}

/** By the code that the SDK gave. */
export function mendSending(code: string | undefined, destination: Destination): string {
  if (code === 'MessagingEntityNotFound')
    return `az servicebus topic create ${WHERE} --name ${destination.entity}`;
  if (code === 'UnauthorizedAccess')
    return `az servicebus namespace authorization-rule keys list ${WHERE} --name POLICY`;
  const { hostname, port } = addressOf(destination);
  return `nc -vz ${hostname} ${port || AMQPS_PORT}`;
}

function addressOf({ connectionString, namespace }: Destination): URL {
  const [, endpoint] = /Endpoint=sb:(\/\/[^;]+)/.exec(connectionString ?? '') ?? [];
  return new URL(`http:${endpoint ?? `//${namespace}`}`);
}

async function connectFault(destination: Destination): Promise<Error | undefined> {
  const publisher = new ServiceBusPublisher(
    destination,
    createLogger({ level: 'silent', service: 'doctor' }),
  );
  try {
    await publisher.connect(destination.entity);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    await publisher.close();
  }
}
