import type { ServiceBusClient, ServiceBusReceivedMessage } from '@azure/service-bus';
import { answeredWithin } from './answered-within.ts';
import { createReceiver, type Source } from './source.ts';

/** The SDK's own limit is a minute, in which a network may be well again for long. */
const ANSWERS_WITHIN_MS = 10_000;

/** The first message that is there, locked or not, from this one on. It costs one operation and locks nothing. */
export async function peek(
  client: ServiceBusClient,
  source: Source,
  from?: ServiceBusReceivedMessage,
): Promise<ServiceBusReceivedMessage | undefined> {
  const options = from?.sequenceNumber && { fromSequenceNumber: from.sequenceNumber };
  const peeking = createReceiver(client, source).peekMessages(1, options || {});
  const [message] = await answeredWithin(ANSWERS_WITHIN_MS, peeking);
  return message?.state === 'active' ? message : undefined;
}
