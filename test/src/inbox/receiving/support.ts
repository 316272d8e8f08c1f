import type { TestContext } from 'node:test';
import { ServiceBusClient, type ServiceBusMessage } from '@azure/service-bus';
import type { NamespaceOptions } from '../../../../dev/service-bus/namespace-config.ts';
import { type LocalServiceBus, openServiceBus } from '../../../../dev/service-bus/service-bus.ts';
import { createLogger } from '../../../../src/core/log.ts';
import type { ReceivedMessage } from '../../../../src/inbox/received-message.ts';
import {
  openReceivers,
  type Receivers,
  type ReceiversOptions,
  type ReceiverTiming,
} from '../../../../src/inbox/receiving/open-receivers.ts';
import type { ReceiveError } from '../../../../src/inbox/receiving/receive-error.ts';
import type { Settlement } from '../../../../src/inbox/settlement.ts';
import { cleanup } from '../../../support/cleanup.ts';

export const complete: Settlement = { kind: 'complete' };
export const deadLetter: Settlement = {
  kind: 'dead-letter',
  reason: 'Invalid',
  description: 'orderId is missing',
};

/** `plain` and `sessions`: queues, the second with sessions; `events/inbox`: a subscription. */
export async function openBus(
  t: TestContext,
  limits: { lockDurationMs?: number; maxDeliveryCount?: number } = {},
): Promise<LocalServiceBus> {
  const namespace: NamespaceOptions = {
    queues: [
      { name: 'plain', ...limits },
      { name: 'sessions', requiresSession: true, ...limits },
    ],
    topics: [{ name: 'events', subscriptions: [{ name: 'inbox', requiresSession: true, ...limits }] }],
  };
  const bus = await openServiceBus({ port: 0, namespace });
  cleanup(t, () => bus.close());
  return bus;
}

export async function send(
  bus: LocalServiceBus,
  entity: string,
  messages: (ServiceBusMessage & { messageId: string })[],
): Promise<void> {
  await withClient(bus, (client) => client.createSender(entity).sendMessages(messages));
}

/** Messages 1, 2, 3… of a session, or of none. */
export function numbered(count: number, sessionId?: string): (ServiceBusMessage & { messageId: string })[] {
  const prefix = sessionId === undefined ? '' : `${sessionId}-`;
  return Array.from({ length: count }, (_, n) => ({
    messageId: `${prefix}${n + 1}`,
    body: Buffer.from('{}'),
    ...(sessionId !== undefined && { sessionId }),
  }));
}

/** What is still there of the queue, locked or not, and what is in its dead-letter queue. */
export async function leftAt(
  bus: LocalServiceBus,
  queue: string,
): Promise<{ waiting: (string | undefined)[]; dead: (string | undefined)[] }> {
  return withClient(bus, async (client) => {
    const waiting = await client.createReceiver(queue).peekMessages(250);
    const dead = await client.createReceiver(queue, { subQueueType: 'deadLetter' }).peekMessages(250);
    const ids = (messages: readonly { messageId?: unknown }[]) =>
      messages.map(({ messageId }) => String(messageId));
    return { waiting: ids(waiting), dead: ids(dead) };
  });
}

export async function withClient<T>(
  bus: LocalServiceBus,
  work: (client: ServiceBusClient) => Promise<T>,
): Promise<T> {
  const client = new ServiceBusClient(bus.connectionString, { retryOptions: { maxRetries: 0 } });
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Receivers as the inbox has them, closed when the test ends, and what was told of them. */
export interface Subject extends Receivers {
  /** Each state when it begins: `receives`, `idle`, or the code of what is in the way. */
  readonly states: string[];
  readonly errors: ReceiveError[];
}

type Handle = (message: ReceivedMessage, lost: AbortSignal) => Settlement | Promise<Settlement>;

export interface StartOptions extends Partial<Omit<ReceiversOptions, 'handle' | 'timing'>> {
  readonly queue?: string;
  readonly handle: Handle;
  readonly timing?: Partial<ReceiverTiming>;
}

/** On the queue `sessions` or `plain` unless told otherwise, with waits that suit a test. */
export function start(t: TestContext, bus: LocalServiceBus, options: StartOptions): Subject {
  const states: string[] = [];
  const errors: ReceiveError[] = [];
  const enter = (state: string) => {
    if (states.at(-1) !== state) states.push(state);
  };
  const { queue = options.sessions === false ? 'plain' : 'sessions', handle, timing, ...others } = options;
  const receivers = openReceivers({
    connection: { connectionString: bus.connectionString },
    consumers: [{ name: queue, from: { queue } }],
    sessions: true,
    concurrency: 4,
    handle: async (_consumer, message, lost) => handle(message, lost),
    observer: {
      receives: () => enter('receives'),
      idle: () => enter('idle'),
      away: (_consumer, error) => {
        errors.push(error);
        enter(error.code);
      },
    },
    log: createLogger({ level: 'silent', service: 'test' }),
    timing: { acceptMs: 2_000, waitMs: 200, emptyMs: 20, ...timing },
    ...others,
  });
  cleanup(t, () => receivers.close());
  return { close: () => receivers.close(), states, errors };
}

/** Ends when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
