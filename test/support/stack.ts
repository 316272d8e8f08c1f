import type { TestContext } from 'node:test';
import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import pg from 'pg';
import { openStack, type Stack, type StackOptions } from '../../dev/stack.ts';
import { errorCode } from '../../src/core/errors.ts';
import { cleanup } from './cleanup.ts';
import { tutorialOrder } from './orders.ts';

export interface TestStack extends Stack {
  readonly db: pg.Pool;
}

/** The whole system of a test's own, with processes that can be killed; PostgreSQL without fsync, for speed. */
export async function createStack(t: TestContext, options: StackOptions = {}): Promise<TestStack> {
  const stack = await openStack({
    ...options,
    postgres: { settings: { fsync: 'off' }, ...options.postgres },
  });
  cleanup(t, () => stack.close());
  const db = new pg.Pool({ connectionString: stack.databaseUrl, max: 4 });
  db.on('error', () => undefined); // tests stop the database on purpose
  cleanup(t, () => db.end());
  return { ...stack, db };
}

export interface TestReceiver {
  /** In the order of arrival, bodies as the bytes they came as. */
  readonly messages: readonly (ServiceBusReceivedMessage & { body: Buffer })[];
}

/** One receiver through the real SDK on a subscription; whatever it gets is settled. */
export function receiveAll(t: TestContext, stack: Stack): TestReceiver {
  const client = new ServiceBusClient(stack.bus.connectionString);
  cleanup(t, () => client.close());
  const messages: (ServiceBusReceivedMessage & { body: Buffer })[] = [];
  client
    .createReceiver('orders', 'all', { receiveMode: 'receiveAndDelete', skipParsingBodyAsJson: true })
    .subscribe({
      processMessage: async (message) => {
        messages.push(message as ServiceBusReceivedMessage & { body: Buffer });
      },
      processError: async ({ error }) => {
        throw error;
      },
    });
  return { messages };
}

/** So many receivers on a subscription that requires sessions, each with one at a time: until its last message or a pause. */
export function receiveSessions(
  t: TestContext,
  stack: Stack,
  topic: string,
  { width, lastOfSession }: { width: number; lastOfSession: string },
): TestReceiver {
  const messages: (ServiceBusReceivedMessage & { body: Buffer })[] = [];
  const stopping = new AbortController();
  const receive = async () => {
    // A wait for a session ends by its time limit, not by an abort signal.
    const retryOptions = { timeoutInMs: 2_000, maxRetries: 0 };
    const client = new ServiceBusClient(stack.bus.connectionString, { retryOptions });
    cleanup(t, () => client.close());
    while (!stopping.signal.aborted) {
      const session = await client
        .acceptNextSession(topic, 'all', {
          receiveMode: 'receiveAndDelete',
          skipParsingBodyAsJson: true,
        })
        .catch((error: unknown) => {
          if (errorCode(error) !== 'ServiceTimeout' && !stopping.signal.aborted) throw error;
        });
      if (!session) continue;
      for (let more = true; more; ) {
        // One at a time: the SDK waits up to a second for the rest of a larger batch, and 200 ms to take back what it asked for.
        const [message] = await session.receiveMessages(1, { maxWaitTimeInMs: 50 });
        if (message) messages.push(message as ServiceBusReceivedMessage & { body: Buffer });
        more = message !== undefined && message.subject !== lastOfSession;
      }
      await session.close();
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

/** Posts the tutorial's order for this customer and returns the status and the order's id. */
export async function postOrder(
  stack: Stack,
  customerId = 'cust-123',
): Promise<{ status: number; orderId: string }> {
  const response = await fetch(`${stack.apiUrl}/api/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...tutorialOrder(), customerId }),
  });
  const { orderId = '' } = (await response.json()) as { orderId?: string };
  return { status: response.status, orderId };
}

/** Runs `work` for 0 to count - 1, so many at a time. */
export async function concurrently(
  count: number,
  width: number,
  work: (n: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
