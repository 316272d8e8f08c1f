import {
  type ServiceBusClient as Client,
  ServiceBusClient,
  type ServiceBusReceiver,
} from '@azure/service-bus';
import { answerRequests } from '../support/worker.ts';

// The SDK alone: receives and completes, and does nothing with what comes.

export interface ReceiveRequest {
  readonly connectionString: string;
  readonly queue: 'plain' | 'sessions';
  readonly count: number;
  /** Sessions at a time. */
  readonly concurrency: number;
}

export interface ReceiveReply {
  readonly seconds: number;
  readonly cpuUs: number;
}

const BATCH = 100;
const EMPTY_MS = 50;

answerRequests(async (request: ReceiveRequest): Promise<ReceiveReply> => {
  const client = new ServiceBusClient(request.connectionString, { retryOptions: { timeoutInMs: 5_000 } });
  const receiver = client.createReceiver('plain');
  await receiver.peekMessages(1); // opens the connection
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await (request.queue === 'plain' ? drain(receiver, request.count) : drainSessions(client, request));
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  await client.close();
  return { seconds, cpuUs: user + system };
});

async function drain(receiver: ServiceBusReceiver, count: number): Promise<void> {
  for (let left = count; left > 0; ) {
    const batch = await receiver.receiveMessages(Math.min(BATCH, left), { maxWaitTimeInMs: 10_000 });
    if (batch.length === 0) throw new Error(`${left} messages did not come`);
    await Promise.all(batch.map((message) => receiver.completeMessage(message)));
    left -= batch.length;
  }
}

/** One after the other in each session, as whoever handles them in order has to. */
async function drainSessions(client: Client, { count, concurrency }: ReceiveRequest): Promise<void> {
  let left = count;
  const loop = async () => {
    while (left > 0) {
      const session = await client.acceptNextSession('sessions', { maxAutoLockRenewalDurationInMs: 0 });
      for (;;) {
        const [message] = await session.receiveMessages(1, { maxWaitTimeInMs: EMPTY_MS });
        if (!message) break;
        await session.completeMessage(message);
        left--;
      }
      await session.close();
    }
  };
  // Those that wait for a session when none is left are told so after the time limit.
  await Promise.race([
    Promise.allSettled(Array.from({ length: concurrency }, loop)),
    until(() => left === 0),
  ]);
  if (left > 0) throw new Error(`${left} messages did not come`);
}

function until(isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (!isSo()) return;
      clearInterval(timer);
      resolve();
    }, 1);
  });
}
