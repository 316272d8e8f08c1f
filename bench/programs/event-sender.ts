import { setTimeout as sleep } from 'node:timers/promises';
import { ServiceBusClient, type ServiceBusMessage } from '@azure/service-bus';
import { answerRequests } from '../support/worker.ts';

// What the payment and the shipping service send: of each order that it is paid, then of each that it is shipped.

export interface EventsRequest {
  readonly connectionString: string;
  /** A session for each order, where the queue requires them. */
  readonly queue: string;
  /** Of each of them two events. */
  readonly orderIds: readonly string[];
  /** Events a second; as fast as the broker takes them when it is absent. */
  readonly perSecond?: number;
}

const AT_ONCE = 200;
const TICK_MS = 5;

answerRequests(
  async ({ connectionString, queue, orderIds, perSecond }: EventsRequest): Promise<undefined> => {
    const client = new ServiceBusClient(connectionString, {
      retryOptions: { maxRetries: 10, retryDelayInMs: 50 },
    });
    const sender = client.createSender(queue);
    await sender.createMessageBatch(); // opens the link
    const events = [...orderIds.map(paid), ...orderIds.map(shipped)];
    if (perSecond === undefined) {
      // In their order, for those of an order: each chunk is answered before the next one.
      for (let from = 0; from < events.length; from += AT_ONCE) {
        await Promise.all(events.slice(from, from + AT_ONCE).map((event) => sender.sendMessages(event)));
      }
    } else {
      const startedAt = performance.now();
      const sends: Promise<void>[] = [];
      while (sends.length < events.length) {
        const due = Math.min(events.length, Math.ceil(((performance.now() - startedAt) / 1_000) * perSecond));
        for (const event of events.slice(sends.length, due)) sends.push(sender.sendMessages(event));
        await sleep(TICK_MS);
      }
      await Promise.all(sends);
    }
    await client.close();
    return undefined;
  },
);

function paid(orderId: string): ServiceBusMessage {
  return event('PaymentProcessed', orderId, { orderId, paymentId: `pay-${orderId}`, amount: 89.97 });
}

function shipped(orderId: string): ServiceBusMessage {
  return event('ShipmentCreated', orderId, { orderId, shipmentId: `ship-${orderId}` });
}

function event(subject: string, orderId: string, body: object): ServiceBusMessage {
  return {
    messageId: `${subject}-${orderId}`,
    subject,
    sessionId: orderId,
    correlationId: orderId,
    contentType: 'application/json',
    body,
    applicationProperties: { messageType: subject, aggregateId: orderId, causationId: orderId },
  };
}
