import type { Logger } from '../../core/log.ts';
import {
  createServiceBusClient,
  type ServiceBusConnection,
} from '../../core/service-bus/service-bus-connection.ts';
import type { HandleMessage } from '../settlement.ts';
import { Connections } from './connections.ts';
import { InHand } from './in-hand.ts';
import { peek } from './peek.ts';
import { receiveMessages } from './receive-messages.ts';
import { receiveSessions } from './receive-sessions.ts';
import { type ReceiverObserver, Reception } from './reception.ts';
import type { Source } from './source.ts';
import { within } from './within.ts';

export interface ReceiversOptions {
  readonly connection: ServiceBusConnection;
  readonly consumers: readonly Source[];
  /** Whether the queues and subscriptions require sessions. Then the order within a session is kept. */
  readonly sessions: boolean;
  /** How many messages (with sessions: how many sessions) of each consumer are handled at once. */
  readonly concurrency: number;
  readonly handle: HandleMessage;
  readonly observer: ReceiverObserver;
  readonly log: Logger;
  readonly timing?: Partial<ReceiverTiming>;
}

export interface ReceiverTiming {
  /** One wait for a session. A wait costs an operation, and receives as soon as there is something. */
  readonly acceptMs: number;
  /** One wait for messages without sessions; a stop takes as long. */
  readonly waitMs: number;
  /** How long a session may be empty before another one is taken. */
  readonly emptyMs: number;
  /** After so many messages of a session another one has its turn. */
  readonly messagesPerTurn: number;
  /** Silence after which the broker is asked whether it has something. */
  readonly deafAfterMs: number;
  /** How long a stop lets what is in hand be finished. */
  readonly finishMs: number;
}

export const RECEIVER_TIMING: ReceiverTiming = {
  acceptMs: 60_000,
  waitMs: 1_000,
  emptyMs: 50,
  messagesPerTurn: 500,
  deafAfterMs: 60_000,
  finishMs: 15_000,
};

/** After it was told that its lock is lost, a handler ends its transaction. */
const LETS_GO_WITHIN_MS = 2_000;

export interface Receivers {
  /** Takes nothing more, lets what is in hand be finished, and after `finishMs` lets go of it. Works twice; never rejects. */
  close(): Promise<void>;
}

/** Receives for these consumers and has each message handled, until it is closed. Whatever is away is waited for. */
export function openReceivers(options: ReceiversOptions): Receivers {
  const timing = { ...RECEIVER_TIMING, ...options.timing };
  const stop = new AbortController();
  const hands = options.consumers.map((source) => openHand(source, options, timing, stop.signal));
  const loops = hands.flatMap((hand) =>
    options.sessions
      ? Array.from({ length: options.concurrency }, () => receiveSessions(hand, timing))
      : [receiveMessages(hand, { concurrency: options.concurrency, waitMs: timing.waitMs })],
  );
  let closing: Promise<void> | undefined;
  const close = async () => {
    stop.abort();
    await Promise.all(hands.map((hand) => finish(hand, timing.finishMs)));
    await Promise.all(hands.map(({ reception }) => reception.connections.close()));
    await within(LETS_GO_WITHIN_MS, Promise.all(loops));
  };
  return { close: () => (closing ??= close()) };
}

function openHand(
  source: Source,
  { connection, sessions, handle, observer, log }: ReceiversOptions,
  { acceptMs, deafAfterMs }: ReceiverTiming,
  stopping: AbortSignal,
): InHand {
  const ownLog = log.child({ consumer: source.name });
  const retryOptions = { maxRetries: 0, ...(sessions && { timeoutInMs: acceptMs }) };
  const connections = new Connections(async () => {
    const client = await createServiceBusClient(connection, { retryOptions, identifier: 'order-inbox' });
    try {
      // A wait for a session cannot tell a broker that is not there from one that has nothing.
      await peek(client, source);
      observer.connected?.(source.name);
      return client;
    } catch (error) {
      client.close().catch((err: unknown) => ownLog.debug({ err }, 'A Service Bus connection did not close'));
      throw error;
    }
  }, ownLog);
  return new InHand(
    new Reception({ source, connections, observer, log: ownLog, deafAfterMs, stopping }),
    handle,
    stopping,
  );
}

async function finish(hand: InHand, finishMs: number): Promise<void> {
  await within(finishMs, hand.ended());
  hand.letGo(new Error('The process ends'));
  await within(LETS_GO_WITHIN_MS, hand.ended());
}
