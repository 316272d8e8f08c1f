import { ServiceBusClient, type ServiceBusMessage } from '@azure/service-bus';
import type { LocalServiceBus } from '../../dev/service-bus/service-bus.ts';

type Bus = Pick<LocalServiceBus, 'connectionString'>;
type Entity = { readonly queue: string } | { readonly topic: string; readonly subscription: string };
type Reason = { readonly deadLetterReason: string; readonly deadLetterErrorDescription: string };

/** Brings these messages into the dead-letter queue, as a consumer that cannot handle them. */
export async function deadLetterAll(
  bus: Bus,
  entity: Entity,
  messages: readonly ServiceBusMessage[],
  reason: Reason = { deadLetterReason: 'BODY_INVALID', deadLetterErrorDescription: 'orderId is missing' },
): Promise<void> {
  const client = new ServiceBusClient(bus.connectionString);
  try {
    await client.createSender('queue' in entity ? entity.queue : entity.topic).sendMessages([...messages]);
    const receiver = await receiverOf(client, entity, messages[0]?.sessionId);
    for (let left = messages.length; left > 0; ) {
      const batch = await receiver.receiveMessages(left, { maxWaitTimeInMs: 5_000 });
      await Promise.all(batch.map((message) => receiver.deadLetterMessage(message, reason)));
      left -= batch.length;
    }
    await receiver.close();
  } finally {
    await client.close();
  }
}

/** Without renewals: for a message without id the SDK fails to end them. */
function receiverOf(client: ServiceBusClient, entity: Entity, session: string | undefined) {
  if (session === undefined) {
    const options = { maxAutoLockRenewalDurationInMs: 0 };
    return 'queue' in entity
      ? client.createReceiver(entity.queue, options)
      : client.createReceiver(entity.topic, entity.subscription, options);
  }
  return 'queue' in entity
    ? client.acceptSession(entity.queue, session)
    : client.acceptSession(entity.topic, entity.subscription, session);
}

/** What is in the dead-letter queue, locked or not. */
export async function deadLettersOf(bus: Bus, entity: Entity): Promise<{ id: string; deliveries: number }[]> {
  const client = new ServiceBusClient(bus.connectionString);
  try {
    const options = { subQueueType: 'deadLetter' } as const;
    const receiver =
      'queue' in entity
        ? client.createReceiver(entity.queue, options)
        : client.createReceiver(entity.topic, entity.subscription, options);
    const found = await receiver.peekMessages(250);
    return found.map(({ messageId, deliveryCount = 0 }) => ({
      id: String(messageId),
      deliveries: deliveryCount,
    }));
  } finally {
    await client.close();
  }
}
