import type {
  ServiceBusClient,
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
  ServiceBusSessionReceiver,
} from '@azure/service-bus';

/** Where the messages of a consumer are received. */
export interface Source {
  /** The name of the consumer. */
  readonly name: string;
  readonly from: { readonly topic: string; readonly subscription: string } | { readonly queue: string };
}

/** Locks are renewed by RenewedLock: the SDK's own renewal tells nobody when it has failed. */
const OPTIONS = { skipParsingBodyAsJson: true, maxAutoLockRenewalDurationInMs: 0 } as const;

export function createReceiver(
  client: ServiceBusClient,
  { from }: Source,
  subQueue?: 'deadLetter',
): ServiceBusReceiver {
  const options = {
    ...OPTIONS,
    maxAutoRenewLockDurationInMs: 0,
    ...(subQueue && { subQueueType: subQueue }),
  };
  return 'queue' in from
    ? client.createReceiver(from.queue, options)
    : client.createReceiver(from.topic, from.subscription, options);
}

/** Rejects with ServiceTimeout when no session becomes free within the client's time limit. */
export function acceptNextSession(
  client: ServiceBusClient,
  { from }: Source,
): Promise<ServiceBusSessionReceiver> {
  return 'queue' in from
    ? client.acceptNextSession(from.queue, OPTIONS)
    : client.acceptNextSession(from.topic, from.subscription, OPTIONS);
}

/** How long the rest of a batch is waited for once its first message is there; the SDK's public options leave it at a second. */
const REST_MS = 10;
/** The SDK closes the link, and with it gives up the session, when the service takes longer than 200 ms to take credit back. */
const DRAIN_MS = 5_000;

/** What @azure/service-bus 7.9.5 keeps of a receiver of batches. */
interface BatchInternals {
  _drainTimeoutInMs?: number;
}
interface ReceiverInternals {
  readonly _messageSession?: { readonly _batchingReceiverLite?: BatchInternals };
  readonly _batchingReceiver?: { readonly _batchingReceiverLite?: BatchInternals };
}

/** Up to `most` messages: waits `waitMs` for the first, and takes what is there with it. */
export function pull(
  receiver: ServiceBusReceiver | ServiceBusSessionReceiver,
  most: number,
  waitMs: number,
): Promise<ServiceBusReceivedMessage[]> {
  const { _messageSession, _batchingReceiver } = receiver as unknown as ReceiverInternals;
  const batch = (_messageSession ?? _batchingReceiver)?._batchingReceiverLite;
  if (batch) batch._drainTimeoutInMs = DRAIN_MS;
  const options = { maxWaitTimeInMs: waitMs, maxTimeAfterFirstMessageInMs: REST_MS };
  return receiver.receiveMessages(most, options);
}
