import type { TestContext } from 'node:test';
import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import pg from 'pg';
import type { ManagedProcess } from '../../dev/managed-process.ts';
import { openStack, type Stack, type StackOptions } from '../../dev/stack.ts';
import { cleanup } from './cleanup.ts';
import { migrateHere } from './migrated-database.ts';
import { tutorialOrder } from './orders.ts';

export interface TestStack extends Stack {
  readonly db: pg.Pool;
}

/** Of a process, when its test has failed. */
const LINES_TOLD = 40;

/** The whole system of a test's own, with processes that can be killed; PostgreSQL without fsync, for speed. */
export async function createStack(t: TestContext, options: StackOptions = {}): Promise<TestStack> {
  const copyOf = process.env['TEST_POSTGRES_DATA'];
  const stack = await openStack({
    migrate: migrateHere,
    ...options,
    postgres: { settings: { fsync: 'off' }, ...(copyOf !== undefined && { copyOf }), ...options.postgres },
  });
  cleanup(t, () => stack.close());
  const tellsIfFailed = (started: ManagedProcess) => {
    cleanup(t, () => {
      // Which its types do not know.
      const { passed } = t as TestContext & { readonly passed: boolean };
      if (!passed) t.diagnostic(`${started.name} wrote:\n${started.lines.slice(-LINES_TOLD).join('\n')}`);
    });
    return started;
  };
  const db = new pg.Pool({ connectionString: stack.databaseUrl, max: 4 });
  db.on('error', () => undefined); // tests stop the database on purpose
  cleanup(t, () => db.end());
  return {
    ...stack,
    db,
    startApi: (env) => tellsIfFailed(stack.startApi(env)),
    startRelay: (env) => tellsIfFailed(stack.startRelay(env)),
    startInbox: (env) => tellsIfFailed(stack.startInbox(env)),
  };
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

/** Cancels this order and returns the status. */
export async function cancelOrder(stack: Stack, orderId: string): Promise<number> {
  const response = await fetch(`${stack.apiUrl}/api/orders/${orderId}/cancel`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reason: 'Ordered twice' }),
  });
  await response.body?.cancel();
  return response.status;
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
