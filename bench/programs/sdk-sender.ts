import { ServiceBusClient, type ServiceBusMessage } from '@azure/service-bus';
import { answerRequests } from '../support/worker.ts';

// The SDK alone: bodies from memory, sent as fast as it can.

export interface SendRequest {
  readonly connectionString: string;
  readonly bodies: readonly Uint8Array[];
  readonly count: number;
  /** Messages of a send; 1: not as a batch. */
  readonly batch: number;
  readonly inFlight: number;
  /** `few` properties, or `all` that the relay sends. */
  readonly properties: 'few' | 'all';
  readonly sessions?: boolean;
}

export interface SendReply {
  readonly seconds: number;
  readonly cpuUs: number;
}

answerRequests(async (request: SendRequest): Promise<SendReply> => {
  const { connectionString, count, batch, inFlight } = request;
  // With many in flight the SDK runs out of link credit, and gives up a send after a second of that.
  const retryOptions = { maxRetries: 10, retryDelayInMs: 50 };
  const client = new ServiceBusClient(connectionString, { retryOptions });
  const sender = client.createSender('orders');
  await sender.createMessageBatch(); // opens the link
  const bodies = request.bodies.map((body) => Buffer.from(body));
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const from = next;
      next = Math.min(count, next + batch);
      const messages: ServiceBusMessage[] = [];
      for (let n = from; n < next; n++) messages.push(message(n, bodies[n % bodies.length], request));
      await sender.sendMessages(batch === 1 && messages[0] ? messages[0] : messages);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  await client.close();
  return { seconds, cpuUs: user + system };
});

function message(n: number, body: Buffer | undefined, request: SendRequest): ServiceBusMessage {
  const id = n.toString(16).padStart(32, '0');
  const uuid = `${id.slice(0, 8)}-${id.slice(8, 12)}-7${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20)}`;
  const traceparent = `00-${id}-${id.slice(16)}-01`;
  const few = { messageType: 'OrderCreated', aggregateId: id, 'Diagnostic-Id': traceparent };
  return {
    messageId: uuid,
    subject: 'OrderCreated',
    contentType: 'application/json',
    body,
    ...(request.sessions && { sessionId: id }),
    ...(request.properties === 'few'
      ? { applicationProperties: few }
      : { correlationId: uuid, applicationProperties: { ...few, causationId: uuid, traceparent } }),
  };
}
