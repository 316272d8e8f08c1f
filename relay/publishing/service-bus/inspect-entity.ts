import type { ServiceBusAdministrationClient } from '@azure/service-bus';
import { administrationClient } from './administration-client.ts';
import type { Destination } from './destination.ts';
import { isoDurationMs } from './iso-duration.ts';

/** What Service Bus says about the topic or queue. Sizes in bytes, times in ms. */
export interface EntityFacts {
  readonly kind: 'topic' | 'queue';
  /** Active, unless somebody has switched it off. */
  readonly status: string;
  readonly partitioned: boolean;
  /** 0: no duplicate detection. */
  readonly duplicateWindowMs: number;
  readonly maxBytes: number;
  readonly usedBytes: number;
  /** Of the Premium tier alone. */
  readonly maxMessageBytes: number | undefined;
  /** Where its messages are received: its subscriptions, or the queue itself. */
  readonly receivedFrom: readonly ReceivedFrom[];
  /** The service's clock, and that of this machine when it was read. */
  readonly clock: { readonly there: number; readonly here: number } | undefined;
}

export interface ReceivedFrom {
  readonly name: string;
  readonly requiresSession: boolean;
  readonly status: string;
  readonly waiting: number;
  readonly deadLetters: number;
}

const ANSWERS_WITHIN_MS = 5_000;
const MB = 1024 * 1024;

/**
 * Asks the administration API, which takes the right to manage. Throws the SDK's RestError: `UnauthorizedRequestError` without the
 * right, `MessageEntityNotFoundError` without the entity. `emulatorPort`: of a local Service Bus.
 */
export async function inspectEntity(destination: Destination, emulatorPort?: number): Promise<EntityFacts> {
  const client = await administrationClient(destination, emulatorPort);
  const abortSignal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  const { entity: name } = destination;
  // The answer about a queue has all that the SDK looks for in a topic, but for its subscriptions.
  const entity = await client.getTopic(name, { abortSignal });
  const date = entity._response.headers.get('date');
  const figures = await client.getTopicRuntimeProperties(name, { abortSignal });
  const kind = figures.subscriptionCount === undefined ? 'queue' : 'topic';
  return {
    kind,
    status: entity.status,
    partitioned: entity.enablePartitioning,
    duplicateWindowMs: entity.requiresDuplicateDetection
      ? (isoDurationMs(entity.duplicateDetectionHistoryTimeWindow) ?? 0)
      : 0,
    maxBytes: entity.maxSizeInMegabytes * MB,
    usedBytes: figures.sizeInBytes ?? 0,
    maxMessageBytes: entity.maxMessageSizeInKilobytes && entity.maxMessageSizeInKilobytes * 1024,
    receivedFrom:
      kind === 'queue'
        ? await inspectQueue(client, name, abortSignal)
        : await inspectSubscriptions(client, name, abortSignal),
    clock: date ? { there: Date.parse(date), here: Date.now() } : undefined,
  };
}

async function inspectQueue(
  client: ServiceBusAdministrationClient,
  name: string,
  abortSignal: AbortSignal,
): Promise<ReceivedFrom[]> {
  const { requiresSession, status } = await client.getQueue(name, { abortSignal });
  const figures = await client.getQueueRuntimeProperties(name, { abortSignal });
  return [{ name, requiresSession, status, ...countsOf(figures) }];
}

async function inspectSubscriptions(
  client: ServiceBusAdministrationClient,
  topic: string,
  abortSignal: AbortSignal,
): Promise<ReceivedFrom[]> {
  const found: ReceivedFrom[] = [];
  for await (const each of client.listSubscriptions(topic, { abortSignal })) {
    const { subscriptionName: name, requiresSession, status } = each;
    const figures = await client.getSubscriptionRuntimeProperties(topic, name, { abortSignal });
    found.push({ name, requiresSession, status, ...countsOf(figures) });
  }
  return found;
}

function countsOf({ activeMessageCount, deadLetterMessageCount }: Counts) {
  return { waiting: activeMessageCount, deadLetters: deadLetterMessageCount };
}

interface Counts {
  readonly activeMessageCount: number;
  readonly deadLetterMessageCount: number;
}
