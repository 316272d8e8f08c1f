import type { ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import {
  createServiceBusClient,
  type ServiceBusConnection,
} from '../../core/service-bus/service-bus-connection.ts';
import type { ReceivedMessage } from '../received-message.ts';
import { answeredWithin } from './answered-within.ts';
import { SETTLES_WITHIN_MS } from './in-hand.ts';
import { RenewedLock } from './renewed-lock.ts';
import { createReceiver, pull, type Source } from './source.ts';
import { toReceiveError } from './to-receive-error.ts';
import { toReceivedMessage } from './to-received-message.ts';
import { within } from './within.ts';

/** A message in the dead-letter queue of a consumer, and what it was put there for. */
export interface DeadLetter {
  readonly message: ReceivedMessage;
  readonly reason: string | undefined;
  readonly description: string | undefined;
}

/** remove: it is completed. leave: it stays. stop: it stays, and so do those behind it. */
export type Verdict = 'remove' | 'leave' | 'stop';

const CLIENT = { identifier: 'order-dead-letters', retryOptions: { maxRetries: 1, timeoutInMs: 15_000 } };
/** What Service Bus shows at once: https://learn.microsoft.com/azure/service-bus-messaging/message-browsing */
const PAGE = 250;
/** Silence after which nothing more is there that is not locked by others. */
const SILENCE_MS = 5_000;
const MOST_AT_ONCE = 100;
/** rhea 3.0.5 keeps 2,048 deliveries of a link, from the first that is not settled on, and throws beyond. */
const MOST_OF_A_LINK = 1_500;
const CLOSES_WITHIN_MS = 5_000;

/** What is in the dead-letter queue, the oldest first. Changes and locks nothing. Throws a ReceiveError. */
export async function* peekDeadLetters(
  connection: ServiceBusConnection,
  source: Source,
): AsyncGenerator<DeadLetter> {
  // Each client goes on behind what it has shown, so this one is new.
  const client = await createServiceBusClient(connection, CLIENT);
  try {
    const receiver = createReceiver(client, source, 'deadLetter');
    for (;;) {
      const page = await receiver.peekMessages(PAGE);
      if (page.length === 0) return;
      for (const message of page) if (message.state === 'active') yield toDeadLetter(message);
    }
  } catch (error) {
    throw toReceiveError(error);
  } finally {
    await within(CLOSES_WITHIN_MS, client.close());
  }
}

/**
 * Has these messages of the dead-letter queue decided, the oldest first, one at a time; then it is as it was but for the removed. What
 * lies before them is locked meanwhile. `lost`: the lock of the message is gone. Returns the numbers of those that did not come: they
 * are gone, or locked by others. Throws a ReceiveError and what `decide` throws; what was not removed stays.
 */
export async function decideDeadLetters(
  connection: ServiceBusConnection,
  source: Source,
  sequenceNumbers: Iterable<bigint>,
  decide: (deadLetter: DeadLetter, lost: AbortSignal) => Promise<Verdict>,
  silenceMs = SILENCE_MS,
): Promise<bigint[]> {
  const client = await createServiceBusClient(connection, CLIENT);
  const left = new Set(sequenceNumbers);
  const links: Link[] = [];
  try {
    let goesOn = true;
    for (let most = 1; goesOn && left.size > 0; most = Math.min(most * 4, MOST_AT_ONCE)) {
      const last = links.at(-1);
      const link = last && last.taken + most <= MOST_OF_A_LINK ? last : new Link(client, source);
      if (link !== last) links.push(link);
      const batch = await link.take(most, silenceMs);
      goesOn = batch.length > 0 && (await decideBatch(link, batch, left, decide));
    }
    return [...left];
  } finally {
    for (const link of links) link.giveBack();
    await within(CLOSES_WITHIN_MS, Promise.all(links.map((link) => link.close())));
    await within(CLOSES_WITHIN_MS, client.close());
  }
}

/** False if nothing more is to be done. */
async function decideBatch(
  link: Link,
  batch: readonly ServiceBusReceivedMessage[],
  left: Set<bigint>,
  decide: (deadLetter: DeadLetter, lost: AbortSignal) => Promise<Verdict>,
): Promise<boolean> {
  for (const message of batch) {
    const deadLetter = toDeadLetter(message);
    const { sequenceNumber } = deadLetter.message;
    if (!left.has(sequenceNumber)) continue;
    const verdict = await decide(deadLetter, link.lost(message));
    if (verdict === 'stop') return false;
    left.delete(sequenceNumber);
    if (verdict === 'remove') await link.remove(message);
  }
  return true;
}

/** One link, and what it has locked. */
class Link {
  taken = 0;
  readonly #receiver: ServiceBusReceiver;
  readonly #locks = new Map<ServiceBusReceivedMessage, RenewedLock>();

  constructor(client: ServiceBusClient, source: Source) {
    this.#receiver = createReceiver(client, source, 'deadLetter');
  }

  async take(most: number, silenceMs: number): Promise<ServiceBusReceivedMessage[]> {
    try {
      const batch = await pull(this.#receiver, most, silenceMs);
      this.taken += batch.length;
      for (const message of batch) {
        const renew = () => this.#receiver.renewMessageLock(message);
        this.#locks.set(message, new RenewedLock(message.lockedUntilUtc ?? new Date(), renew));
      }
      return batch;
    } catch (error) {
      throw toReceiveError(error);
    }
  }

  lost(message: ServiceBusReceivedMessage): AbortSignal {
    return this.#locks.get(message)?.lost ?? AbortSignal.abort();
  }

  async remove(message: ServiceBusReceivedMessage): Promise<void> {
    try {
      await answeredWithin(SETTLES_WITHIN_MS, this.#receiver.completeMessage(message));
    } catch (error) {
      throw toReceiveError(error); // what was decided is committed: the next time it is a repeat
    } finally {
      this.#forget(message);
    }
  }

  /** Everything that is still locked, as it was: only the outcome `released` does not count as a delivery. */
  giveBack(): void {
    for (const message of this.#locks.keys()) {
      (message as unknown as DeliveredMessage).delivery?.release();
      this.#forget(message);
    }
  }

  close(): Promise<void> {
    return this.#receiver.close();
  }

  #forget(message: ServiceBusReceivedMessage): void {
    this.#locks.get(message)?.end();
    this.#locks.delete(message);
  }
}

/** What @azure/service-bus 7.9.5 keeps of a message: rhea's delivery. It has no public way to release one. */
interface DeliveredMessage {
  readonly delivery?: { release(): void };
}

function toDeadLetter(message: ServiceBusReceivedMessage): DeadLetter {
  return {
    message: toReceivedMessage(message),
    reason: message.deadLetterReason,
    description: message.deadLetterErrorDescription,
  };
}
