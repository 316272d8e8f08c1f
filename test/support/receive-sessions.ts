import type { TestContext } from 'node:test';
import {
  ServiceBusClient,
  type ServiceBusReceivedMessage,
  type ServiceBusSessionReceiver,
} from '@azure/service-bus';
import { errorCode } from '../../src/core/errors.ts';
import { cleanup } from './cleanup.ts';
import type { TestReceiver } from './stack.ts';

/**
 * So many receivers on a subscription that requires sessions, each with one at a time: until its last message or a pause.
 * @azure/service-bus 7.9.5 closes its link when a drain is not answered within 200 ms, and calls that a lost session lock. The
 * session goes on with whoever gets it next: messages are locked, so none goes down with the link, and the same one, by its
 * sequence number, counts once.
 */
export function receiveSessions(
  t: TestContext,
  connectionString: string,
  topic: string,
  { width, lastOfSession }: { width: number; lastOfSession: string },
): TestReceiver {
  const messages: (ServiceBusReceivedMessage & { body: Buffer })[] = [];
  const numbers = new Set<string>();
  const stopping = new AbortController();
  const receive = async () => {
    // A wait for a session ends by its time limit, not by an abort signal.
    const retryOptions = { timeoutInMs: 2_000, maxRetries: 0 };
    const client = new ServiceBusClient(connectionString, { retryOptions });
    cleanup(t, () => client.close());
    while (!stopping.signal.aborted) {
      const session = await client
        .acceptNextSession(topic, 'all', { skipParsingBodyAsJson: true })
        .catch((error: unknown) => {
          if (errorCode(error) !== 'ServiceTimeout' && !stopping.signal.aborted) throw error;
        });
      if (!session) continue;
      try {
        await receiveSession(session);
      } catch (error) {
        if (errorCode(error) !== 'SessionLockLost') throw error;
      }
      await session.close();
    }
  };
  const receiveSession = async (session: ServiceBusSessionReceiver) => {
    for (let more = true; more; ) {
      // One at a time: the SDK waits up to a second for the rest of a larger batch, and 200 ms to take back what it asked for.
      const [message] = await session.receiveMessages(1, { maxWaitTimeInMs: 50 });
      if (!message) return;
      const number = String(message.sequenceNumber);
      if (!numbers.has(number)) messages.push(message as ServiceBusReceivedMessage & { body: Buffer });
      numbers.add(number);
      await session.completeMessage(message);
      more = message.subject !== lastOfSession;
    }
  };
  const receiving = Promise.all(Array.from({ length: width }, receive));
  receiving.catch(() => undefined); // the clean-up tells
  cleanup(t, async () => {
    stopping.abort();
    await receiving;
  });
  return { messages };
}
