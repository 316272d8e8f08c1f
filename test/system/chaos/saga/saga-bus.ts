import { ServiceBusClient, type ServiceBusMessage, type ServiceBusReceiver } from '@azure/service-bus';
import { until } from '../../../support/until.ts';
import type { WholeArrival } from '../broker.ts';
import type { ConsumerOf, DeadLetter } from './evidence.ts';

const SENT_WITHIN_MS = 60_000;
const PEEKED = 250;
const ACCEPTED_WITHIN_MS = 5_000;

/** What the rig itself does at the broker, on a connection that no fault is meant for. */
export class SagaBus {
  readonly #client: ServiceBusClient;

  constructor(connectionString: string) {
    this.#client = new ServiceBusClient(connectionString, {
      retryOptions: { timeoutInMs: ACCEPTED_WITHIN_MS, maxRetries: 0 },
    });
  }

  /** Until the broker has taken all of it, some of it perhaps more than once. */
  async send(topic: string, messages: readonly ServiceBusMessage[]): Promise<void> {
    const send = async () => {
      const sender = this.#client.createSender(topic);
      try {
        await sender.sendMessages([...messages]);
        return true;
      } catch {
        return false; // the broker is away on purpose
      } finally {
        await sender.close().catch(() => undefined); // so is its link
      }
    };
    await until(`messages are sent to ${topic}`, send, SENT_WITHIN_MS);
  }

  /** What the consumer's dead-letter queue holds. */
  async deadLetters(consumer: ConsumerOf): Promise<DeadLetter[]> {
    const { topic, subscription, name } = consumer;
    const receiver = this.#client.createReceiver(topic, subscription, { subQueueType: 'deadLetter' });
    try {
      const found: DeadLetter[] = [];
      for (;;) {
        const peeked = await receiver.peekMessages(PEEKED);
        if (peeked.length === 0) return found;
        for (const { messageId, deadLetterReason } of peeked)
          found.push({ consumer: name, messageId: String(messageId), reason: deadLetterReason });
      }
    } finally {
      await receiver.close();
    }
  }

  /** Whether nothing waits for the consumer, locked or not. */
  async isEmpty({ topic, subscription }: ConsumerOf): Promise<boolean> {
    const receiver = this.#client.createReceiver(topic, subscription);
    try {
      return (await receiver.peekMessages(1)).length === 0;
    } finally {
      await receiver.close();
    }
  }

  /** Takes some messages away from the consumer; `giveBack` abandons them, as far as they are still locked. Throws if no session is free. */
  async take(
    { topic, subscription }: ConsumerOf,
    sessions: boolean,
    most: number,
  ): Promise<{ readonly taken: number; giveBack(): Promise<void> }> {
    const receiver: ServiceBusReceiver = sessions
      ? await this.#client.acceptNextSession(topic, subscription)
      : this.#client.createReceiver(topic, subscription);
    const messages = await receiver.receiveMessages(most, { maxWaitTimeInMs: 1_000 });
    return {
      taken: messages.length,
      async giveBack() {
        // One after the other: docs/decisions/receiving.md.
        for (const message of messages) await receiver.abandonMessage(message).catch(() => undefined); // it is not ours any more
        await receiver.close();
      },
    };
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** The same message once more. */
export function again({
  messageId,
  subject,
  sessionId,
  correlationId,
  properties,
  body,
}: WholeArrival): ServiceBusMessage {
  return {
    messageId,
    contentType: 'application/json',
    body: Buffer.from(body),
    applicationProperties: properties,
    ...(subject !== undefined && { subject }),
    ...(sessionId !== undefined && { sessionId }),
    ...(correlationId !== undefined && { correlationId }),
  };
}
