import {
  type EntityFacts,
  inspectEntity,
  type ReceivedFrom,
} from '../../relay/publishing/service-bus/inspect-entity.ts';
import { errorCode } from '../../src/core/errors.ts';
import {
  createServiceBusClient,
  type ServiceBusConnection,
} from '../../src/core/service-bus/service-bus-connection.ts';
import type { Consumer } from '../../src/inbox/consumer.ts';
import { peek } from '../../src/inbox/receiving/peek.ts';
import { toReceiveError } from '../../src/inbox/receiving/to-receive-error.ts';
import { check, examine } from '../check.ts';
import { type Finding, type Judgement, right, risky, wrong } from '../finding.ts';
import { whyUnasked } from './examine-broker.ts';

export interface ConsumersOptions {
  readonly connection: ServiceBusConnection;
  readonly consumers: readonly Consumer[];
  /** INBOX_SESSIONS. */
  readonly sessions: boolean;
  /** Where a local Service Bus answers about its entities. */
  readonly emulatorPort?: number | undefined;
}

/** Where a consumer receives, as the service has it; undefined: it is not there. */
export interface ConsumerFacts {
  readonly consumer: string;
  readonly found: ReceivedFrom | undefined;
}

const GROUP = 'Service Bus, for the inbox';
const LIMITS = { eachMs: 15_000, allMs: 30_000 };

/** Whether the inbox could receive from each of these, without receiving anything, and what they are like. Never rejects. */
export function examineConsumers(options: ConsumersOptions): Promise<Finding[]> {
  return examine(GROUP, options, [receiving, receivedFrom, leftOver], LIMITS);
}

const receiving = check(
  'receiving',
  firstFault,
  (fault: Fault | undefined, { consumers }: ConsumersOptions) =>
    fault
      ? wrong(`${fault.consumer}: ${fault.reason}`)
      : right(`${namesOf(consumers)} can be reached, and the key or role may receive`),
);
const receivedFrom = check('received from', inspectConsumers, (facts, { sessions }: ConsumersOptions) =>
  judgeReceivedFrom(facts, sessions),
);
const leftOver = check('left over', inspectConsumers, judgeLeftOver);

/** Whether each is there, is active, and requires sessions as it is configured. */
export function judgeReceivedFrom(facts: readonly ConsumerFacts[], sessions: boolean): Judgement {
  const missing = facts.find(({ found }) => !found);
  if (missing) return wrong(`there is no ${missing.consumer}: create it, or correct INBOX_SUBSCRIPTIONS`);
  const off = facts.find(({ found }) => found?.status !== 'Active');
  if (off) return wrong(`${off.consumer} is ${off.found?.status}`);
  const other = facts
    .filter(({ found }) => found?.requiresSession !== sessions)
    .map(({ consumer }) => consumer);
  if (other.length === facts.length) {
    return wrong(
      `INBOX_SESSIONS is ${sessions}, and the service has it the other way`,
      `export INBOX_SESSIONS=${!sessions}`,
    );
  }
  if (other.length > 0) {
    const told = sessions ? 'requires no sessions' : 'requires sessions';
    return wrong(`${other.join(', ')} ${told}, others do not agree: run an inbox for each kind`);
  }
  return right(sessions ? 'all require sessions' : 'none requires sessions');
}

/** Whether messages that could not be handled wait for somebody. */
export function judgeLeftOver(facts: readonly ConsumerFacts[]): Judgement {
  const left = facts.flatMap(({ consumer, found }) =>
    found?.deadLetters ? [`${found.deadLetters} of ${consumer}`] : [],
  );
  return left.length === 0 ? right('no dead letters') : risky(`dead letters: ${left.join(', ')}`);
}

interface Fault {
  readonly consumer: string;
  readonly reason: string;
}

async function firstFault({ connection, consumers }: ConsumersOptions): Promise<Fault | undefined> {
  const client = await createServiceBusClient(connection, { retryOptions: { maxRetries: 0 } });
  try {
    for (const consumer of consumers) {
      try {
        await peek(client, consumer);
      } catch (error) {
        return { consumer: consumer.name, reason: toReceiveError(error).message };
      }
    }
    return undefined;
  } finally {
    await client.close();
  }
}

/** Rejects with why it cannot be told. */
async function inspectConsumers({
  connection,
  consumers,
  sessions,
  emulatorPort,
}: ConsumersOptions): Promise<ConsumerFacts[]> {
  const facts: ConsumerFacts[] = [];
  for (const { name, from } of consumers) {
    const entity = 'queue' in from ? from.queue : from.topic;
    const inspected = await inspectEntity({ ...connection, entity, sessions }, emulatorPort).catch(absent);
    const place = 'queue' in from ? from.queue : from.subscription;
    facts.push({ consumer: name, found: inspected && placeIn(inspected, place) });
  }
  return facts;
}

function placeIn({ receivedFrom: places, status }: EntityFacts, wanted: string): ReceivedFrom | undefined {
  const found = places.find(({ name }) => name.toLowerCase() === wanted.toLowerCase());
  return found && status !== 'Active' ? { ...found, status } : found;
}

function absent(error: unknown): undefined {
  if (errorCode(error) === 'MessageEntityNotFoundError') return undefined;
  throw new Error(whyUnasked(error), { cause: error });
}

const namesOf = (consumers: readonly Consumer[]) => consumers.map(({ name }) => name).join(', ');
