import type {
  ServiceBusReceivedMessage,
  ServiceBusReceiver,
  ServiceBusSessionReceiver,
} from '@azure/service-bus';
import type { HandleMessage, Settlement } from '../settlement.ts';
import { answeredWithin } from './answered-within.ts';
import type { Connection } from './connections.ts';
import type { Reception } from './reception.ts';
import type { RenewedLock } from './renewed-lock.ts';
import type { SettlingLane } from './settling-lane.ts';
import { toReceivedMessage } from './to-received-message.ts';

export const SETTLES_WITHIN_MS = 10_000;
/** Of Service Bus, for the description of a dead letter. */
const LONGEST_TEXT = 4_096;

/** What of one consumer is being handled, with the locks on it. */
export class InHand {
  readonly reception: Reception;
  readonly stopping: AbortSignal;
  readonly #handle: HandleMessage;
  readonly #work = new Set<Promise<void>>();
  readonly #locks = new Set<RenewedLock>();
  #letGo: Error | undefined;

  constructor(reception: Reception, handle: HandleMessage, stopping: AbortSignal) {
    this.reception = reception;
    this.stopping = stopping;
    this.#handle = handle;
  }

  async handle(message: ServiceBusReceivedMessage, lost: AbortSignal): Promise<Settlement> {
    this.reception.received();
    try {
      return await this.#handle(this.reception.source.name, toReceivedMessage(message), lost);
    } finally {
      this.reception.handled();
    }
  }

  /** A message stays unsettled: it comes again, and is a repeat if it was handled. */
  async notSettled(error: unknown, connection: Connection): Promise<void> {
    await this.reception.failed(error, connection);
  }

  /** The lock is lost when `letGo` is called; whoever calls the returned function is done with it. */
  remember(lock: RenewedLock): () => void {
    this.#locks.add(lock);
    if (this.#letGo) lock.lose(this.#letGo);
    return () => this.#locks.delete(lock);
  }

  /** The same, and `ended` waits for it. */
  async during(work: Promise<void>): Promise<void> {
    this.#work.add(work);
    try {
      await work;
    } finally {
      this.#work.delete(work);
    }
  }

  /** Resolves when nothing is in hand. */
  async ended(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work);
  }

  /** From now on no lock is kept. */
  letGo(reason: Error): void {
    this.#letGo = reason;
    for (const lock of this.#locks) lock.lose(reason);
  }
}

/** Tells the broker what becomes of a message. */
export function settle(
  receiver: ServiceBusReceiver | ServiceBusSessionReceiver,
  lane: SettlingLane,
  message: ServiceBusReceivedMessage,
  settlement: Exclude<Settlement, { kind: 'release' }>,
): Promise<void> {
  if (settlement.kind === 'complete') {
    return lane.complete(() => answeredWithin(SETTLES_WITHIN_MS, receiver.completeMessage(message)));
  }
  const options = {
    deadLetterReason: settlement.reason.slice(0, LONGEST_TEXT),
    deadLetterErrorDescription: settlement.description.slice(0, LONGEST_TEXT),
  };
  return lane.settleAlone(() =>
    answeredWithin(SETTLES_WITHIN_MS, receiver.deadLetterMessage(message, options)),
  );
}
