import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { ServiceBusClient, type ServiceBusMessage } from '@azure/service-bus';
import { type LocalServiceBus, openServiceBus } from '../../dev/service-bus/service-bus.ts';
import { createLogger } from '../../src/core/log.ts';
import { openPool } from '../../src/core/pool.ts';
import { runInbox } from '../../src/inbox/inbox.ts';
import { InboxMonitor } from '../../src/inbox/monitoring/inbox-monitor.ts';
import { openReceivers } from '../../src/inbox/receiving/open-receivers.ts';
import type { HandleMessage } from '../../src/inbox/settlement.ts';
import { cleanup } from './cleanup.ts';

export const INVENTORY = 'inventory/order-service';

/** A broker of the test's own with the topics that an order service receives from. */
export async function createInventoryBus(
  t: TestContext,
  { sessions = false, lockDurationMs = 5_000, maxDeliveryCount = 10 } = {},
): Promise<LocalServiceBus> {
  const subscription = { name: 'order-service', requiresSession: sessions, lockDurationMs, maxDeliveryCount };
  const topics = [{ name: 'inventory', subscriptions: [subscription] }];
  const bus = await openServiceBus({ port: 0, healthPort: 0, namespace: { topics } });
  cleanup(t, () => bus.close());
  return bus;
}

/** An event as the inventory publishes it. */
export function insufficient(orderId: string, messageId: string = randomUUID()): ServiceBusMessage {
  return {
    messageId,
    subject: 'InventoryInsufficient',
    contentType: 'application/json',
    sessionId: orderId,
    applicationProperties: { aggregateId: orderId },
    body: { orderId, items: [{ productId: 'prod-456', requested: 2, available: 1 }] },
  };
}

/** Publishes these to a topic or queue, through the real SDK. */
export async function publish(
  bus: Pick<LocalServiceBus, 'connectionString'>,
  entity: string,
  messages: readonly ServiceBusMessage[],
): Promise<void> {
  const client = new ServiceBusClient(bus.connectionString);
  try {
    const sender = client.createSender(entity);
    for (const message of messages) await sender.sendMessages(message);
  } finally {
    await client.close();
  }
}

/** How many messages are still at the subscription of `createInventoryBus`, locked or not, those in its dead-letter queue included. */
export async function leftAtInventory({
  connectionString,
}: Pick<LocalServiceBus, 'connectionString'>): Promise<number> {
  const client = new ServiceBusClient(connectionString);
  try {
    const [waiting, dead] = await Promise.all(
      [{}, { subQueueType: 'deadLetter' } as const].map((options) =>
        client.createReceiver('inventory', 'order-service', options).peekMessages(250),
      ),
    );
    return (waiting?.length ?? 0) + (dead?.length ?? 0);
  } finally {
    await client.close();
  }
}

export interface TestInbox {
  readonly monitor: InboxMonitor;
  /** Settles when the inbox has stopped. */
  readonly running: Promise<void>;
  /** Stops it gracefully. Works twice. */
  stop(): Promise<void>;
}

/** The inbox as its process runs it, but for what handles its messages. Does not wait until it receives. */
export function startInbox(
  t: TestContext,
  options: {
    readonly url: string;
    readonly bus: LocalServiceBus;
    readonly handle: HandleMessage;
    readonly stalledAfterMs?: number;
  },
): TestInbox {
  const { url, bus, handle, stalledAfterMs } = options;
  const log = createLogger({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent', service: 'test' });
  const monitor = new InboxMonitor([INVENTORY], ['InventoryInsufficient'], stalledAfterMs);
  const healthPool = openPool({ url, max: 1, applicationName: 'inbox', log });
  const stopping = new AbortController();
  const running = runInbox(
    {
      healthPool,
      monitor,
      log,
      watchEveryMs: 20,
      openReceivers: () =>
        openReceivers({
          connection: { connectionString: bus.connectionString },
          consumers: [{ name: INVENTORY, from: { topic: 'inventory', subscription: 'order-service' } }],
          sessions: false,
          concurrency: 8,
          handle: monitor.observing(handle),
          observer: monitor,
          log,
          timing: { acceptMs: 1_000, waitMs: 100 },
        }),
    },
    stopping.signal,
  );
  running.catch(() => undefined); // whoever expects it to fail awaits it
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= (async () => {
      stopping.abort();
      await running.catch(() => undefined);
      await healthPool.end();
    })();
    return stopped;
  };
  cleanup(t, stop);
  return { monitor, running, stop };
}
